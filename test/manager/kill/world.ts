import type { Seeded } from '../../support/seeded.js';
import type { Cells } from './cells.js';
import { BACKENDS } from './configuration.js';
import type { Order } from './orders.js';

/** A snapshot as it ought to be. */
export interface Point {
  readonly name: string;
  readonly gib: number;
  readonly cells: Cells;
}

/** A volume with its snapshots, the oldest first, as they ought to be. */
export interface Family {
  readonly backend: string;
  readonly gib: number;
  readonly cells: Cells;
  readonly snapshots: readonly Point[];
}

/** An order, and what is there when it has been carried out; no other order may touch what it touches meanwhile. */
export interface Planned {
  readonly order: Order;
  /** The names of the volumes it needs. */
  readonly touches: readonly string[];
  /** What they are afterwards; `undefined` where one is gone. */
  readonly after: ReadonlyMap<string, Family | undefined>;
}

export type OrderKind = Order['do'];

const CELLS_A_GIB = 2 ** 18;
const MOST_SNAPSHOTS = 3;
const MOST_GIB = 4;

/** What ought to be there, and what can be done with it. */
export class World {
  readonly families = new Map<string, Family>();
  #names = 0;
  #seeds = 0;

  constructor(private readonly random: Seeded) {}

  /** Something that can be done to volumes that are free; `undefined` where there is nothing of the kind. */
  plan(kind: OrderKind, isFree: (volume: string) => boolean = () => true): Planned | undefined {
    const fitting = [...this.families].filter(([name, family]) => isFree(name) && fits(kind, family));
    if (kind === 'create-volume') return this.#create();
    const [first, ...rest] = fitting;
    return first === undefined ? undefined : this.#planFor(kind, this.random.pick([first, ...rest]));
  }

  /** It was carried out. */
  apply({ after }: Planned): void {
    for (const [name, family] of after) this.set(name, family);
  }

  set(name: string, family: Family | undefined): void {
    if (family === undefined) this.families.delete(name);
    else this.families.set(name, family);
  }

  #create(): Planned {
    const backend = this.random.pick(BACKENDS);
    const family = { backend, gib: 1, cells: new Map<number, number>(), snapshots: [] };
    const name = this.#name('v');
    return changing([name], { do: 'create-volume', name, backend, gib: 1 }, [name, family]);
  }

  #planFor(kind: Exclude<OrderKind, 'create-volume'>, [volume, family]: readonly [string, Family]): Planned {
    const { snapshots } = family;
    const snapshot = snapshots[this.random.below(Math.max(1, snapshots.length))];
    switch (kind) {
      case 'clone': {
        const name = this.#name('v');
        return changing([volume, name], { do: kind, name, volume }, [name, { ...family, snapshots: [] }]);
      }
      case 'from-snapshot': {
        const name = this.#name('v');
        const made = { ...family, gib: snapshot!.gib, cells: snapshot!.cells, snapshots: [] };
        return changing([volume, name], { do: kind, name, snapshot: snapshot!.name }, [name, made]);
      }
      case 'delete-volume':
        return changing([volume], { do: kind, volume }, [volume, undefined]);
      case 'extend': {
        const gib = family.gib + 1;
        return changing([volume], { do: kind, volume, gib }, [volume, { ...family, gib }]);
      }
      case 'revert': {
        const newest = snapshots.at(-1)!;
        const order = { do: kind, volume, snapshot: newest.name } as const;
        return changing([volume], order, [volume, { ...family, cells: newest.cells }]);
      }
      case 'migrate': {
        const backend = BACKENDS.find((other) => other !== family.backend)!;
        return changing([volume], { do: kind, volume, backend }, [volume, { ...family, backend }]);
      }
      case 'create-snapshot': {
        const name = this.#name('s');
        const more = [...snapshots, { name, gib: family.gib, cells: family.cells }];
        return changing([volume], { do: kind, volume, name }, [volume, { ...family, snapshots: more }]);
      }
      case 'delete-snapshot': {
        const fewer = snapshots.filter(({ name }) => name !== snapshot!.name);
        const order = { do: kind, snapshot: snapshot!.name } as const;
        return changing([volume], order, [volume, { ...family, snapshots: fewer }]);
      }
      case 'write': {
        const cells = this.#someCells(family.gib);
        const after = { ...family, cells: new Map([...family.cells, ...cells]) };
        return changing([volume], { do: kind, volume, cells }, [volume, after]);
      }
    }
  }

  /** A run of cells: near the beginning, in the middle or at the very end. */
  #someCells(gib: number): [number, number][] {
    const total = gib * CELLS_A_GIB;
    const length = 1 + this.random.below(8);
    const first = this.random.pick([
      this.random.below(40),
      total / 2 + this.random.below(40),
      total - length,
    ]);
    return Array.from({ length }, (_, index) => [first + index, ++this.#seeds]);
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${String(this.#names)}`;
  }
}

function fits(kind: OrderKind, { snapshots, gib }: Family): boolean {
  switch (kind) {
    case 'from-snapshot':
    case 'delete-snapshot':
      return snapshots.length > 0;
    case 'revert':
      return snapshots.at(-1)?.gib === gib;
    case 'create-snapshot':
      return snapshots.length < MOST_SNAPSHOTS;
    case 'migrate':
      return snapshots.length === 0;
    case 'extend':
      return gib < MOST_GIB;
    default:
      return true;
  }
}

function changing(
  touches: readonly string[],
  order: Order,
  ...after: readonly (readonly [string, Family | undefined])[]
): Planned {
  return { order, touches, after: new Map(after) };
}
