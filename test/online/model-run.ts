import { messageOf } from '@scoria/core';
import { Seeded } from '../support/seeded.js';
import type { DriverInUse } from './volume-in-use.js';
import { VolumeInUse } from './volume-in-use.js';

const MOST_SNAPSHOTS = 5;
const NOTHING = 'nothing';

/** What a sequence does, and how often against each other. */
const KINDS = {
  write: 4,
  snapshot: 6,
  deleteSnapshot: 6,
  clone: 1,
  copy: 1,
  attachOrDetach: 2,
  killGuest: 1,
  restart: 1,
} as const;
type Kind = keyof typeof KINDS;
const CHOICES = (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
  Array.from({ length: KINDS[kind] }, () => kind),
);

/** Where sequences are run. */
export interface ModelPlace {
  /** The driver, as it is now: another one after `restart`. */
  readonly on: () => DriverInUse;
  readonly restart: () => Promise<void>;
  /** Names of what is on the storage. */
  readonly leftovers: () => Promise<readonly string[]>;
  /** For the guests' sockets. */
  readonly sockets: string;
}

/**
 * A random sequence of operations on one volume that a guest writes to most of the time, against a model of its bytes.
 * Everything is read at the end, deleted, and nothing may be left.
 * @returns how many steps it had
 */
export async function runSequence(
  place: ModelPlace,
  seed: number,
  sizeBytes: number,
  steps: number,
): Promise<number> {
  const random = new Seeded(seed);
  const history: string[] = [];
  const on: DriverInUse = {
    get driver() {
      return place.on().driver;
    },
    context: () => place.on().context(),
    directoryOf: (volume) => place.on().directoryOf(volume),
  };
  await using volume = await VolumeInUse.create(on, new Seeded(seed + 1), place.sockets, sizeBytes);
  try {
    await volume.attach();
    for (let done = 0; done < steps; done += 1) {
      const kind = CHOICES[random.below(CHOICES.length)] ?? 'write';
      history.push(await STEPS[kind]({ place, volume, random }));
      volume.guest?.requireHealthy();
    }
    await volume.check();
    await volume.remove();
    const left = await place.leftovers();
    if (left.length > 0) throw new Error(`this is left: ${left.join(', ')}`);
  } catch (error) {
    throw new Error(`seed ${String(seed)}: ${history.join('; ')}: ${messageOf(error)}`, { cause: error });
  }
  return steps;
}

/** Where a step is done, and by what chance. */
interface Scene {
  readonly place: ModelPlace;
  readonly volume: VolumeInUse;
  readonly random: Seeded;
}

/** What there is to do; each says what was done. */
const STEPS: Readonly<Record<Kind, (scene: Scene) => Promise<string>>> = {
  write: async ({ volume, random }) => {
    await volume.guest?.afterWrites(1 + random.below(12));
    return 'write';
  },
  snapshot: async ({ volume }) => {
    if (volume.snapshots.length >= MOST_SNAPSHOTS) return NOTHING;
    await volume.snapshot();
    return `snapshot${inUse(volume)}`;
  },
  deleteSnapshot: async ({ volume, random }) => {
    const { snapshots } = volume;
    const at = random.below(Math.max(1, snapshots.length));
    const point = snapshots[at];
    if (point === undefined) return NOTHING;
    await volume.deleteSnapshot(point);
    return `delete ${String(at + 1)} of ${String(snapshots.length + 1)}${inUse(volume)}`;
  },
  clone: async ({ volume }) => {
    await volume.cloneAndCompare();
    return `clone${inUse(volume)}`;
  },
  copy: async ({ volume, random }) => {
    const point = volume.snapshots[random.below(Math.max(1, volume.snapshots.length))];
    if (point === undefined) return NOTHING;
    await volume.copyAndCompare(point);
    return `copy of a snapshot${inUse(volume)}`;
  },
  attachOrDetach: async ({ volume }) => {
    if (volume.guest !== undefined) {
      await volume.detach();
      return 'detach';
    }
    await volume.attach();
    return 'attach';
  },
  killGuest: async ({ volume, random }) => {
    if (volume.guest === undefined) return NOTHING;
    await volume.killGuest();
    if (random.below(2) === 0) volume.forgetGuest();
    return 'kill the guest';
  },
  restart: async ({ place }) => {
    await place.restart();
    return 'restart';
  },
};

function inUse({ guest }: VolumeInUse): string {
  return guest === undefined ? '' : ' in use';
}
