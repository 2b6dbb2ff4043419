import type { OperationContext } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { ParentRelease } from '../execute/parent-release.js';
import { removeCutOffSnapshots } from '../execute/cut-off-snapshots.js';
import { runPlan, uncancellable } from '../execute/plan-executor.js';
import { removeRemains } from '../execute/remove-remains.js';
import type { StepHelpers } from '../execute/step-helpers.js';
import { cloneSnapshot, deletedImage, livingName } from '../names.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';

interface CloneTools {
  readonly parents: ParentRelease;
  readonly helpers: StepHelpers;
}

/** Takes back a clone that was cut off at any point. The caller holds the image that was to be. Idempotent. */
export async function undoClone(
  context: OperationContext,
  { parents, helpers }: CloneTools,
  pool: RbdPool,
  { image, source }: { readonly image: string; readonly source: string },
): Promise<void> {
  const node = await readImage(pool, image);
  if (node === undefined) await removeRemains(pool, image);
  else if (isCloneOf(node, source)) {
    const plan = { operation: `take back ${image}`, steps: [{ kind: 'remove-image', image }] } as const;
    await runPlan(uncancellable(context), pool, plan, helpers);
  }
  for (const name of [source, deletedImage(source)]) {
    const parent = await readImage(pool, name);
    const snapshot = parent?.snapshots.find((each) => each.name === cloneSnapshot(image));
    if (parent === undefined) continue;
    if (snapshot === undefined) {
      await removeCutOffSnapshots(pool, name);
      continue;
    }
    const link = { pool: pool.name, image: name, imageId: parent.id };
    await parents.release(context, pool, { ...link, snapshot: snapshot.name, snapshotId: snapshot.id });
  }
}

/** An image that was there before the clone was tried is none of its doing. */
function isCloneOf({ name, parent, snapshots }: ImageNode, source: string): boolean {
  if (parent === undefined || snapshots.length > 0) return false;
  return parent.snapshot === cloneSnapshot(name) && livingName(parent.image) === livingName(source);
}
