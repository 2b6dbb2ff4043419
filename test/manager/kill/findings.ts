import type { Cells } from './cells.js';
import { sameCells } from './cells.js';
import type { KillableManager } from './killable-manager.js';
import type { Look, Seen } from './orders.js';
import type { Family, OrderKind, Point } from './world.js';

/** A family as it is found; read to its last byte. */
export type Found = Family;

/** States that an object stays in until something is done with it. */
const LASTING = ['available', 'error', 'error_deleting'];

/** @throws Error where anything still runs, or is in a passing state, though nobody works */
export function requireRest({ running, volumes, snapshots }: Look): void {
  const passing = [...volumes, ...snapshots].filter(({ status }) => !LASTING.includes(status));
  const unrest = [...running, ...passing.map(({ name, status }) => `${name} is ${status}`)];
  if (unrest.length > 0) throw new Error(`it has not come to rest: ${unrest.join(', ')}`);
}

/**
 * Ends what a killed operation left half done, as a person would: what is in an error state is deleted, or reset
 * where it was written to. @returns what is there then
 */
export async function tidy(manager: KillableManager, written: ReadonlySet<string>): Promise<Look> {
  const before = await manager.look();
  requireRest(before);
  for (const { name } of before.snapshots.filter(isWrong))
    await manager.ask({ do: 'delete-snapshot', snapshot: name });
  for (const { name } of before.volumes.filter(isWrong)) {
    if (written.has(name)) await manager.ask({ do: 'reset', volume: name });
    else await manager.ask({ do: 'delete-volume', volume: name });
  }
  return manager.look();
}

export async function familyIn(
  manager: KillableManager,
  look: Look,
  name: string,
): Promise<Found | undefined> {
  const volume = look.volumes.find((seen) => seen.name === name);
  if (volume === undefined) return undefined;
  const snapshots: Point[] = [];
  // They are listed the newest first.
  for (const seen of look.snapshots.filter((one) => one.volume === name).reverse())
    snapshots.push({ name: seen.name, gib: seen.gib, cells: await read(manager, 'snapshot', seen.name) });
  const { gib, backend } = volume;
  return { gib, backend, cells: await read(manager, 'volume', name), snapshots };
}

/** What is wrong with a family that ought to be so. */
export function difference(name: string, expected: Family, found: Found | undefined): string[] {
  if (found === undefined) return [`${name} is not there`];
  return [
    ...(found.gib === expected.gib ? [] : [`${name} has ${found.gib} GiB instead of ${expected.gib}`]),
    ...(found.backend === expected.backend ? [] : [`${name} is on ${found.backend}`]),
    ...(sameCells(found.cells, expected.cells) ? [] : [`the bytes of ${name} are wrong`]),
    ...pointDifferences(name, expected.snapshots, found.snapshots),
  ];
}

/** What an order would have made of a family. */
export interface Interrupted {
  readonly kind: OrderKind;
  readonly before: Family | undefined;
  readonly after: Family | undefined;
}

/**
 * What is wrong with a family after a death in an order: it has to be wholly as it was or wholly as it would have
 * become. Only what goes piece by piece may be in between: written cells, and the snapshots of a deleted volume.
 */
export function differenceBetween(
  name: string,
  interrupted: Interrupted,
  found: Found | undefined,
): string[] {
  const { kind, before, after } = interrupted;
  const worlds = [before, after].filter((one) => one !== undefined);
  if (found === undefined) return worlds.length === 2 ? [`${name} is not there`] : [];
  if (worlds.some((one) => difference(name, one, found).length === 0)) return [];
  const expected = between(kind, worlds, found);
  return difference(`${name} (${kind} was killed)`, expected ?? after ?? before!, found);
}

/** What a family may be that is neither as before nor as after. */
function between(
  kind: OrderKind,
  [first, last = first]: readonly Family[],
  found: Found,
): Family | undefined {
  if (first === undefined || last === undefined) return undefined;
  if (kind === 'delete-volume') {
    const left = first.snapshots.filter((point) => found.snapshots.some(named(point)));
    return { ...first, snapshots: left };
  }
  return kind === 'write' && isMixture([first, last], found.cells)
    ? { ...first, cells: found.cells }
    : undefined;
}

function isMixture(worlds: readonly Family[], cells: Cells): boolean {
  const all = new Set([...worlds.flatMap((one) => [...one.cells.keys()]), ...cells.keys()]);
  return [...all].every((cell) => worlds.some((one) => one.cells.get(cell) === cells.get(cell)));
}

function named({ name }: Point): (other: Point) => boolean {
  return (other) => other.name === name;
}

function pointDifferences(volume: string, expected: readonly Point[], found: readonly Point[]): string[] {
  const extra = found.filter((point) => !expected.some(named(point)));
  return [
    ...extra.map(({ name }) => `snapshot ${name} of ${volume} ought not to be there`),
    ...expected.flatMap((point) => {
      const seen = found.find(named(point));
      if (seen === undefined) return [`snapshot ${point.name} of ${volume} is not there`];
      const isSame = seen.gib === point.gib && sameCells(seen.cells, point.cells);
      return isSame ? [] : [`the bytes of snapshot ${point.name} of ${volume} are wrong`];
    }),
  ];
}

function isWrong({ status }: Seen): boolean {
  return status !== 'available';
}

async function read(manager: KillableManager, kind: 'volume' | 'snapshot', name: string): Promise<Cells> {
  return new Map(await manager.ask<[number, number][]>({ do: 'read', kind, name }));
}
