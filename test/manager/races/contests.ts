import type { Order } from '../kill/orders.js';

export const RACE_KINDS = [
  'delete-volume',
  'extend',
  'create-snapshot',
  'clone',
  'revert',
  'migrate',
] as const;
export type RaceKind = (typeof RACE_KINDS)[number];
export type RaceOrder = Extract<Order, { do: RaceKind }>;

/** The kinds that are done to one volume at the same moment. */
export type Pair = readonly [RaceKind, RaceKind];

/** Each kind with each, itself included. */
export const PAIRS: readonly Pair[] = RACE_KINDS.flatMap((one, index) =>
  RACE_KINDS.slice(index).map((other): Pair => [one, other]),
);

/** Only reads the volume: two such share it. */
const SHARING: readonly RaceKind[] = ['create-snapshot', 'clone'];

export function mayShare(pair: Pair): boolean {
  return pair.every((kind) => SHARING.includes(kind));
}

/** Whether one has to be in the way of the other: not where snapshots, which a revert needs, keep a volume where it is. */
export function mustConflict(pair: Pair): boolean {
  return !mayShare(pair) && !(pair.includes('revert') && pair.includes('migrate'));
}

/** The snapshot that a volume is put back to, where the pair needs one. */
export function snapshotOf(volume: string): string {
  return `${volume}-before`;
}

/** What one of the two orders; the two never order the same name or size. */
export function orderOf(kind: RaceKind, volume: string, target: string, side: 0 | 1): RaceOrder {
  switch (kind) {
    case 'delete-volume':
      return { do: kind, volume };
    case 'extend':
      return { do: kind, volume, gib: 2 + side };
    case 'create-snapshot':
      return { do: kind, volume, name: `${volume}-point-${String(side)}` };
    case 'clone':
      return { do: kind, volume, name: `${volume}-copy-${String(side)}` };
    case 'revert':
      return { do: kind, volume, snapshot: snapshotOf(volume) };
    case 'migrate':
      return { do: kind, volume, backend: target };
  }
}
