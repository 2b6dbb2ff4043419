import type { OperationContext, Snapshot, Volume } from '@scoria/core';
import { isDriverError, MIB } from '@scoria/core';
import type { CloneFormat } from '@scoria/librbd';
import { makeSnapshot, makeVolume } from '@scoria/testkit';
import assert from 'node:assert/strict';
import type { ExtrasWorld } from './extras-world.js';
import { IMAGES_POOL } from './images.js';

/** A snapshot to delete, with what is to be closed and removed when that was tried. */
interface Doomed {
  readonly snapshot: Snapshot;
  readonly open?: AsyncDisposable;
}

/** One situation in which a dry run and what it is of must come to the same. */
interface Situation {
  readonly name: string;
  /** `rbd_flatten_volume_from_snapshot`. */
  readonly flattens: boolean;
  readonly make: (world: ExtrasWorld) => Promise<Doomed>;
  /** The code it is refused with; undefined where it is done. */
  readonly refused?: string;
}

export interface DryRunCase {
  readonly name: string;
  /** Of the backend. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly run: (world: ExtrasWorld) => Promise<void>;
}

const SIZE = 4 * MIB;

async function source({ driver, context }: ExtrasWorld): Promise<Snapshot> {
  const volume = makeVolume({ sizeBytes: SIZE });
  await driver.createVolume(context(), volume);
  return snapshotOf({ driver, context }, { ...volume, status: 'available' });
}

async function snapshotOf(
  { driver, context }: Pick<ExtrasWorld, 'driver' | 'context'>,
  volume: Volume,
): Promise<Snapshot> {
  const snapshot = makeSnapshot(volume);
  await driver.createSnapshot(context(), snapshot);
  return snapshot;
}

/** Of a format that the cluster may not choose by itself. */
async function child(
  { cluster, pool }: ExtrasWorld,
  { id, volume: { id: parent } }: Snapshot,
  format: CloneFormat,
  poolName = pool.name,
): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: SIZE, status: 'available' });
  const parentSnapshot = `snapshot-${id}`;
  await using other = await cluster.openPool(poolName);
  await other.cloneImage(`volume-${volume.id}`, {
    parentPool: pool.name,
    parentImage: `volume-${parent}`,
    parentSnapshot,
    format,
  });
  return volume;
}

function withChildren(
  formats: readonly CloneFormat[],
  place: 'here' | 'trash' | 'other pool' = 'here',
): Situation['make'] {
  return async (world) => {
    const snapshot = await source(world);
    for (const format of formats) {
      const made = await child(world, snapshot, format, place === 'other pool' ? IMAGES_POOL : undefined);
      if (place === 'trash') await world.pool.moveToTrash(`volume-${made.id}`, 0);
    }
    return { snapshot };
  };
}

/** A volume that is independent of its parent, while its snapshot is not. */
function ofFlatVolume(formats: readonly CloneFormat[], others: number): Situation['make'] {
  return async (world) => {
    const { driver, context, pool } = world;
    const parent = makeVolume({ sizeBytes: SIZE });
    await driver.createVolume(context(), parent);
    const volume = makeVolume({ sizeBytes: SIZE });
    await driver.createClonedVolume(context(), volume, { ...parent, status: 'available' });
    await driver.deleteVolume(context(), { ...parent, status: 'available' });
    await using image = await pool.openImage(`volume-${volume.id}`);
    await image.updateFeatures(['deep-flatten'], false);
    const taken: Volume = { ...volume, status: 'available' };
    for (let other = 0; other < others; other += 1) await snapshotOf(world, taken);
    const snapshot = await snapshotOf(world, taken);
    for (const format of formats) await child(world, snapshot, format);
    await image.flatten();
    await image.close();
    return { snapshot };
  };
}

/** What is open when its image is flattened goes on to read from the snapshot. */
async function readChild(world: ExtrasWorld): Promise<Doomed> {
  const snapshot = await source(world);
  const volume = await child(world, snapshot, 1);
  const open = await world.driver.openDevice(world.context(), { kind: 'volume', volume }, 'read-only');
  return { snapshot, open };
}

const BUSY = 'snapshot-busy';

const SITUATIONS: readonly Situation[] = [
  { name: 'nothing depends on it', flattens: false, make: withChildren([]) },
  { name: 'a clone of format 1', flattens: false, make: withChildren([1]), refused: BUSY },
  { name: 'a clone of format 2', flattens: false, make: withChildren([2]) },
  { name: 'clones of both formats', flattens: false, make: withChildren([2, 1]), refused: BUSY },
  { name: 'clones of format 1 are flattened', flattens: true, make: withChildren([1, 1]) },
  { name: 'a clone of format 2, which needs no flattening', flattens: true, make: withChildren([2]) },
  { name: 'clones of both formats, of which one is flattened', flattens: true, make: withChildren([2, 1]) },
  {
    name: 'a clone of format 1 in the trash',
    flattens: true,
    make: withChildren([1], 'trash'),
    refused: BUSY,
  },
  { name: 'a clone of format 2 in the trash', flattens: false, make: withChildren([2], 'trash') },
  {
    name: 'a clone of format 1 in another pool',
    flattens: true,
    make: withChildren([1], 'other pool'),
    refused: BUSY,
  },
  { name: 'a clone of format 2 in another pool', flattens: true, make: withChildren([2], 'other pool') },
  { name: 'a clone that is read while it is flattened', flattens: true, make: readChild, refused: BUSY },
  {
    name: 'the last of a flattened volume that needs the parent',
    flattens: false,
    make: ofFlatVolume([], 0),
  },
  { name: 'one of two such snapshots', flattens: false, make: ofFlatVolume([], 1) },
  {
    name: 'the last of a flattened volume, with a clone that needs the parent through it',
    flattens: false,
    make: ofFlatVolume([2], 0),
    refused: BUSY,
  },
  { name: 'one of two of a flattened volume, with a clone', flattens: false, make: ofFlatVolume([2], 1) },
  {
    name: 'the last of a flattened volume, with clones of both formats that are flattened',
    flattens: true,
    make: ofFlatVolume([1, 2], 0),
  },
  {
    name: 'one of a flattened volume, with a clone that is flattened',
    flattens: true,
    make: ofFlatVolume([1], 0),
  },
];

/** What deleting a snapshot comes to, and what a dry run of it says, in the same words. */
export const DRY_RUNS: readonly DryRunCase[] = SITUATIONS.map(({ name, flattens, make, refused }) => ({
  name,
  options: { rbd_flatten_volume_from_snapshot: flattens },
  run: async (world) => {
    const { snapshot, open } = await make(world);
    await using _open = open;
    const { driver, context } = world;
    const before = await contents(world);
    const planned = await outcome(() => driver.planOf(context(), { operation: 'delete-snapshot', snapshot }));
    assert.deepEqual(await contents(world), before, 'a dry run changes nothing');
    const done = await outcome(async () => {
      const steps: string[] = [];
      await driver.deleteSnapshot(telling(context(), steps), snapshot);
      return steps;
    });
    assert.deepEqual(planned, { ...done, steps: withoutVainStep(done.steps) });
    assert.equal(planned.code, refused, 'whether it is refused');
  },
}));

interface Outcome {
  readonly steps: readonly string[];
  readonly code?: string;
  readonly heldBy?: unknown;
}

async function outcome(call: () => Promise<readonly string[]>): Promise<Outcome> {
  try {
    return { steps: [...(await call())] };
  } catch (error) {
    assert.ok(isDriverError(error), String(error));
    return { steps: [], code: error.code, heldBy: error.details.heldBy };
  }
}

/** Where clones are flattened it may have been tried without, in vain: that tells whether it is needed. */
function withoutVainStep(steps: readonly string[]): readonly string[] {
  const isInVain = steps[0] !== undefined && steps.lastIndexOf(steps[0]) > 0;
  return isInVain ? steps.slice(1) : steps;
}

function telling(context: OperationContext, steps: string[]): OperationContext {
  return {
    ...context,
    step: (name) => {
      steps.push(name);
      return Promise.resolve();
    },
  };
}

/** Every image, with its snapshots and parent. */
async function contents({ pool }: ExtrasWorld): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const { name } of await pool.images()) {
    await using image = await pool.openImage(name, { readOnly: true });
    found.push([name, await image.snapshots(), await image.parent()]);
  }
  return found;
}
