import { DriverError } from '@scoria/core';
import type { OperationContext, Snapshot } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { ChildImage, RbdPool } from '@scoria/librbd';
import type { Connected } from '../cluster/rbd-connection.js';
import { removeCutOffSnapshots } from '../execute/cut-off-snapshots.js';
import { runPlan, uncancellable } from '../execute/plan-executor.js';
import { referenceOf } from '../journal/entry.js';
import { snapshotName, volumeImage } from '../names.js';
import type { Plan, Step } from '../plan/plan.js';
import { planDeleteSnapshot, planFreeSnapshot } from '../plan/snapshot-plans.js';
import type { SnapshotNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';
import type { DoomedSnapshot } from './doomed-snapshot.js';
import { findDoomed, holdersOf, isLastOfParent, isNeededByChildren } from './doomed-snapshot.js';
import type { RbdTools } from './rbd-tools.js';
import { releaseSteps } from './release-steps.js';
import { requireUnread, requireUnreadByFlattened } from './snapshot-readers.js';
import { snapshotClaim } from './volume-locks.js';

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
  const doomed = await findDoomed(pool, image, name);
  if (doomed === undefined) {
    context.logger.warn(`there is no ${image}@${name} in the pool ${pool.name}: nothing to delete`);
    await removeCutOffSnapshots(pool, image);
    return;
  }
  await requireUnreadByFlattened(tools, pool, image, doomed);
  await new SnapshotRemoval(tools, pool, image, doomed).run(context);
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
    const parent = this.doomed.parent === undefined ? undefined : referenceOf(this.doomed.parent);
    if (parent === undefined) {
      await this.#perform(context, this.#plan());
      return;
    }
    const isNeeded = isNeededByChildren(this.doomed);
    if (isNeeded) await this.#free(context);
    const { operation, steps } = this.#plan();
    await this.#perform(context, { operation, steps: steps.slice(0, 1) });
    const hasChildren = this.doomed.children.length > 0 && !isNeeded;
    // In the trash, where its children keep it, it goes on to depend on its parent.
    const intent = { kind: 'release', parent, ...(hasChildren ? { isWaiting: true } : {}) } as const;
    await this.tools.journal.write(this.pool, this.#key, intent);
    await this.#orBusy(uncancellable(context), { operation, steps: steps.slice(1) });
    await this.tools.parents.release(context, this.pool, parent);
    if (!hasChildren) await this.tools.journal.remove(this.pool, this.#key);
  }

  /** Frees it first where Ceph says that it is needed. */
  async #perform(context: OperationContext, plan: Plan): Promise<void> {
    try {
      await runPlan(context, this.pool, plan, this.tools.helpers);
    } catch (error) {
      if (!isRbdError(error, 'busy')) throw error;
      await this.#free(context);
      await this.#orBusy(context, plan);
    }
  }

  async #orBusy(context: OperationContext, plan: Plan): Promise<void> {
    try {
      await runPlan(context, this.pool, plan, this.tools.helpers);
    } catch (error) {
      throw isRbdError(error, 'busy') ? await this.#busy(error) : error;
    }
  }

  async #free(context: OperationContext): Promise<void> {
    const steps = planFreeSnapshot(this.image, this.pool.name, await this.#held(), isToFlatten(this.tools));
    await runPlan(context, this.pool, { ...this.#plan(), steps }, this.tools.helpers);
    await requireUnread(this.tools, this.image, this.doomed.entry.name, steps);
  }

  async #busy(cause: unknown): Promise<unknown> {
    try {
      planFreeSnapshot(this.image, this.pool.name, await this.#held(), false);
      return cause;
    } catch (error) {
      return error instanceof DriverError ? error : cause;
    }
  }

  /** What is left when nothing holds the snapshot. */
  #plan(): Plan {
    return planDeleteSnapshot(this.image, this.pool.name, { ...this.doomed.entry, children: [] }, false);
  }

  async #held(): Promise<SnapshotNode> {
    const { entry } = this.doomed;
    return this.tools.connection.use(`look what depends on ${this.image}@${entry.name}`, (connected) =>
      held(connected, this.image, this.doomed),
    );
  }
}

/** The snapshot with what it must not be removed under. */
async function held(look: Connected, image: string, doomed: DoomedSnapshot): Promise<SnapshotNode> {
  return { ...doomed.entry, children: await holdersOf(look, image, doomed) };
}

function isToFlatten({ options }: RbdTools): boolean {
  return options.rbd_flatten_volume_from_snapshot;
}

/** What {@link dropSnapshot} would do. @throws DriverError `snapshot-busy` where it would be refused */
export async function deleteSnapshotPlan(
  tools: RbdTools,
  connected: Connected,
  { id, volume }: Snapshot,
): Promise<Plan> {
  const [{ pool }, image] = [connected, volumeImage(volume.id)];
  const doomed = await findDoomed(pool, image, snapshotName(id));
  if (doomed === undefined) return { operation: `delete ${snapshotName(id)} of ${image}`, steps: [] };
  await requireUnreadByFlattened(tools, pool, image, doomed);
  const node = await held(connected, image, doomed);
  const plan = planDeleteSnapshot(image, pool.name, node, isToFlatten(tools));
  await requireUnread(
    tools,
    image,
    doomed.entry.name,
    plan.steps.filter(({ kind }) => kind === 'flatten'),
  );
  const released = await releasedSteps(tools, pool, image, { doomed, holders: node.children });
  return { ...plan, steps: [...plan.steps, ...released] };
}

/** What goes of its parent, which it needs by itself: not as long as clones keep it in the trash. */
async function releasedSteps(
  { parents }: RbdTools,
  pool: RbdPool,
  image: string,
  { doomed, holders }: { readonly doomed: DoomedSnapshot; readonly holders: readonly ChildImage[] },
): Promise<Step[]> {
  if (doomed.parent === undefined || doomed.children.length > holders.length) return [];
  const node = isLastOfParent(doomed) ? await readImage(pool, image) : undefined;
  return releaseSteps(parents, pool, doomed.parent, node === undefined ? [] : [node.id]);
}
