import type { RbdPool } from '@scoria/librbd';
import fc from 'fast-check';
import { SimulatedWorld } from './simulated-world.js';
import type { Foreign } from './tree-check.js';
import { TreeRun } from './tree-run.js';
import type { TreeStep } from './tree-step.js';
import { treeSteps } from './tree-step.js';
import type { TreeWorld } from './tree-world.js';

/** How the driver is set up for a sequence. */
export const treeOptions = fc.record({
  rbd_max_clone_depth: fc.constantFrom(0, 1, 1, 2, 5),
  rbd_flatten_volume_from_snapshot: fc.boolean(),
  enable_deferred_deletion: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.boolean()),
  rbd_concurrent_flatten_operations: fc.constantFrom(0, 1, 3),
});

const MOST_CHANGES = 8;

export interface RunTrees {
  readonly sequences: number;
  readonly seed: number;
  /** Asked for again and again while it goes on. */
  readonly onSequence?: (count: number) => void;
}

/** Random sequences on simulated clusters; rejects with the shortest that fails. */
export async function runSimulatedTrees({ sequences, seed, onSequence }: RunTrees): Promise<void> {
  let count = 0;
  const property = fc.asyncProperty(treeOptions, treeSteps(MOST_CHANGES), async (options, steps) => {
    await runTree(await SimulatedWorld.open(options), steps);
    count += 1;
    onSequence?.(count);
  });
  await fc.assert(property, { numRuns: sequences, seed, endOnFailure: false });
}

/** One sequence, in a pool that has other things in it. What it rejects with tells what was done. */
export async function runTree(world: TreeWorld, steps: readonly TreeStep[]): Promise<void> {
  const run = new TreeRun(world, await putForeignThings(world.pool));
  try {
    await run.run(steps);
  } catch (error) {
    throw new Error(`${String(error)}\n${run.history.map((line) => `  ${line}`).join('\n')}`, {
      cause: error,
    });
  }
}

/** An image with a protected snapshot and a child, one that sounds deleted, and one in the trash, of somebody else. */
async function putForeignThings(pool: RbdPool): Promise<Foreign> {
  const names = new Set((await pool.images()).map(({ name }) => name));
  if (!names.has('foreign')) {
    await pool.createImage('foreign', { sizeBytes: 4096 });
    const image = await pool.openImage('foreign');
    await image.createSnapshot('golden');
    await image.protectSnapshot('golden');
    await image.close();
    await pool.cloneImage('foreign-child', { parentImage: 'foreign', parentSnapshot: 'golden' });
    await pool.createImage('foreign.deleted', { sizeBytes: 4096 });
    await pool.createImage('foreign-trash', { sizeBytes: 4096 });
    await pool.moveToTrash('foreign-trash', 0);
  }
  return { images: ['foreign', 'foreign-child', 'foreign.deleted'], trash: ['foreign-trash'] };
}
