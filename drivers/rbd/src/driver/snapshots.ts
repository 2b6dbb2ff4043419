import { DriverError } from '@scoria/core';
import type { OperationContext, Snapshot, Volume } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdImage, RbdPool, SnapshotEntry } from '@scoria/librbd';
import { removeCutOffSnapshots } from '../execute/cut-off-snapshots.js';
import { OpenImages } from '../execute/open-images.js';
import { runOrUndo, runPlan, uncancellable } from '../execute/plan-executor.js';
import type { ParentReference } from '../journal/entry.js';
import { referenceOf, revertKey } from '../journal/entry.js';
import { snapshotName, volumeImage } from '../names.js';
import {
  planCreateSnapshot,
  planFreeSnapshot,
  planRemoveSnapshot,
  planRevert,
} from '../plan/snapshot-plans.js';
import { openIfThere, parentOfSnapshot, readImage } from '../tree/read-image.js';
import { usersBelow } from '../tree/users-below.js';
import { noVolume } from './clone-volume.js';
import type { RbdTools } from './rbd-tools.js';
import { imageClaim, snapshotClaim } from './volume-locks.js';

/** See `VolumeDriver.createSnapshot`. */
export async function takeSnapshot(
  context: OperationContext,
  { connection, helpers }: RbdTools,
  { id, volume }: Snapshot,
): Promise<void> {
  await connection.use(`take snapshot ${id} of volume ${volume.id}`, async ({ pool }) => {
    await runOrUndo(context, pool, planCreateSnapshot(volumeImage(volume.id), id), helpers);
  });
}

/** See `VolumeDriver.deleteSnapshot`. */
export async function dropSnapshot(
  context: OperationContext,
  tools: RbdTools,
  { id, volume }: Snapshot,
): Promise<void> {
  const [image, name] = [volumeImage(volume.id), snapshotName(id)];
  await using _lock = await tools.locks.hold(context, [snapshotClaim(image, name)]);
  await tools.connection.use(`delete snapshot ${id} of volume ${volume.id}`, ({ pool }) =>
    removeSnapshot(context, tools, pool, image, name),
  );
}

/** Removes a snapshot of any kind by its name, with what its image's parent has kept for it. Idempotent. */
export async function removeSnapshot(
  context: OperationContext,
  tools: RbdTools,
  pool: RbdPool,
  image: string,
  name: string,
): Promise<void> {
  const doomed = await findSnapshot(pool, image, name);
  if (doomed === undefined) {
    context.logger.warn(`there is no ${image}@${name} in the pool ${pool.name}: nothing to delete`);
    await removeCutOffSnapshots(pool, image);
    return;
  }
  await new SnapshotRemoval(tools, pool, image, doomed).run(context);
}

interface DoomedSnapshot {
  readonly entry: SnapshotEntry;
  /** What it depends on by itself: its image does not any more. */
  readonly parent: ParentReference | undefined;
  /** Images depend on it. Looked for only where that matters. */
  readonly hasChildren: boolean;
}

async function findSnapshot(pool: RbdPool, image: string, name: string): Promise<DoomedSnapshot | undefined> {
  const open = await openIfThere(pool, image);
  if (open === undefined) return undefined;
  try {
    const entry = await snapshotOf(open, name);
    if (entry === undefined) return undefined;
    const isFlat = (await open.parent()) === undefined;
    const parent = isFlat ? await parentOfSnapshot(pool, image, name) : undefined;
    if (parent === undefined) return { entry, parent, hasChildren: false };
    const hasChildren = (await open.children(entry.id)).length > 0;
    return { entry, parent: referenceOf(parent), hasChildren };
  } finally {
    await open.close();
  }
}

async function snapshotOf(image: RbdImage, name: string): Promise<SnapshotEntry | undefined> {
  const snapshots = await image.snapshots();
  return snapshots.find((snapshot) => snapshot.namespace === 'user' && snapshot.name === name);
}

/** The removal of one snapshot, which may have something depend on it, and depend on something itself. */
class SnapshotRemoval {
  readonly #key: string;

  constructor(
    private readonly tools: RbdTools,
    private readonly pool: RbdPool,
    private readonly image: string,
    private readonly doomed: DoomedSnapshot,
  ) {
    this.#key = `${image}@${doomed.entry.name}`;
  }

  async run(context: OperationContext): Promise<void> {
    const { parent, hasChildren } = this.doomed;
    await this.#unprotect(context);
    if (parent === undefined) {
      await this.#remove(context);
      return;
    }
    // In the trash, where its children keep it, it goes on to depend on its parent.
    const intent = { kind: 'release', parent, ...(hasChildren ? { isWaiting: true } : {}) } as const;
    await this.tools.journal.write(this.pool, this.#key, intent);
    await this.#remove(uncancellable(context));
    await this.tools.parents.release(context, this.pool, parent);
    if (!hasChildren) await this.tools.journal.remove(this.pool, this.#key);
  }

  async #unprotect(context: OperationContext): Promise<void> {
    const { operation, steps } = planRemoveSnapshot(this.image, this.doomed.entry.name);
    const unprotect = { operation, steps: steps.slice(0, 1) };
    try {
      await runPlan(context, this.pool, unprotect, this.tools.helpers);
    } catch (error) {
      if (!isRbdError(error, 'busy')) throw error;
      await this.#free(context);
      await this.#unprotectFreed(context, unprotect);
    }
  }

  async #unprotectFreed(context: OperationContext, plan: Parameters<typeof runPlan>[2]): Promise<void> {
    try {
      await runPlan(context, this.pool, plan, this.tools.helpers);
    } catch (error) {
      throw isRbdError(error, 'busy') ? await this.#busy(error) : error;
    }
  }

  async #free(context: OperationContext): Promise<void> {
    const { operation } = planRemoveSnapshot(this.image, this.doomed.entry.name);
    const isToFlatten = this.tools.options.rbd_flatten_volume_from_snapshot;
    const steps = planFreeSnapshot(this.image, this.pool.name, await this.#withChildren(), isToFlatten);
    await runPlan(context, this.pool, { operation, steps }, this.tools.helpers);
    await this.#requireNoUsers(steps.map(({ image }) => image));
  }

  /** What was opened before its parent was made independent still reads from here. */
  async #requireNoUsers(flattened: readonly string[]): Promise<void> {
    const { locks, connection } = this.tools;
    const isRead = (image: string): Promise<boolean> => locks.isRead(image);
    for (const image of flattened) {
      const below = await connection.use(`look who uses clones of ${image}`, ({ cluster, pool }) =>
        usersBelow({ cluster, pool, isRead }, image),
      );
      const users = (await locks.isRead(image)) ? [image, ...below] : below;
      if (users.length > 0) throw stillRead(this.image, this.doomed.entry.name, users);
    }
  }

  async #withChildren(): Promise<Parameters<typeof planFreeSnapshot>[2]> {
    await using images = new OpenImages(this.pool);
    const { entry } = this.doomed;
    return { ...entry, children: await (await images.get(this.image)).children(entry.id) };
  }

  async #remove(context: OperationContext): Promise<void> {
    const { operation, steps } = planRemoveSnapshot(this.image, this.doomed.entry.name);
    try {
      await runPlan(context, this.pool, { operation, steps: steps.slice(1) }, this.tools.helpers);
    } catch (error) {
      throw isRbdError(error, 'busy') ? await this.#busy(error) : error;
    }
  }

  async #busy(cause: unknown): Promise<unknown> {
    try {
      planFreeSnapshot(this.image, this.pool.name, await this.#withChildren(), false);
      return cause;
    } catch (error) {
      return error instanceof DriverError ? error : cause;
    }
  }
}

function stillRead(image: string, snapshot: string, users: readonly string[]): DriverError {
  return new DriverError({
    code: 'snapshot-busy',
    message:
      `${snapshot} of ${image} cannot be deleted yet: ${users.join(', ')} was opened before it became independent of ` +
      'it, and goes on to read from it; try again when that has been closed',
    details: { heldBy: users },
  });
}

/** See `RevertToSnapshot.revertToSnapshot`. */
export async function revertVolume(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  snapshot: Snapshot,
): Promise<void> {
  const image = volumeImage(volume.id);
  await using _lock = await tools.locks.hold(context, [imageClaim(image)]);
  await tools.connection.use(`revert volume ${volume.id} to snapshot ${snapshot.id}`, async ({ pool }) => {
    const { plan, sizeBytes } = await revertPlan(pool, volume, snapshot.id);
    await context.step(`note that ${image} is going to be reverted`);
    const name = snapshotName(snapshot.id);
    await tools.journal.write(pool, revertKey(image), { kind: 'revert', snapshot: name, sizeBytes });
    try {
      // Half a revert is worse than none: it is cancelled before its first step or not at all.
      await runPlan(uncancellable(context), pool, plan, tools.helpers);
    } finally {
      // One that has failed is asked for again by whoever wants it: it is not made behind a user's back.
      await tools.journal.remove(pool, revertKey(image));
    }
  });
}

/** The plan of {@link revertVolume}, and the size that the volume keeps. */
export async function revertPlan(
  pool: RbdPool,
  volume: Volume,
  snapshotId: string,
): Promise<{ plan: ReturnType<typeof planRevert>; sizeBytes: number }> {
  const node = await readImage(pool, volumeImage(volume.id));
  if (node === undefined) throw noVolume(volume, pool);
  const parent = node.isFlat ? await parentOfSnapshot(pool, node.name, snapshotName(snapshotId)) : undefined;
  return { plan: planRevert(node, snapshotId, parent !== undefined), sizeBytes: node.sizeBytes };
}
