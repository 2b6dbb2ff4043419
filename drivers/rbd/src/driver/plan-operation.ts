import type { PlanRequest, Snapshot, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { snapshotName, volumeImage } from '../names.js';
import { planCreateVolume } from '../plan/create-plans.js';
import { planDeleteVolume, planRelease } from '../plan/delete-plans.js';
import type { Plan, Step } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import { planCreateSnapshot, planDeleteSnapshot, planFreeSnapshot } from '../plan/snapshot-plans.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';
import { wishesOf } from '../types/image-wishes.js';
import { cloneVolumePlan, noVolume, requireUnused, volumeFromSnapshotPlan } from './clone-volume.js';
import { readToDelete } from './delete-volume.js';
import { extendPlan } from './extend-volume.js';
import type { RbdTools } from './rbd-tools.js';
import { revertPlan } from './snapshots.js';

/** See `PlanOperations.planOf`. */
export async function planOperation(tools: RbdTools, request: PlanRequest): Promise<string[]> {
  return tools.connection.use(`plan ${request.operation}`, async ({ pool }) =>
    (await stepsOf(tools, pool, request)).map(describeStep),
  );
}

async function stepsOf(tools: RbdTools, pool: RbdPool, request: PlanRequest): Promise<readonly Step[]> {
  const plan = await planOf(tools, pool, request);
  return plan.steps;
}

async function planOf(tools: RbdTools, pool: RbdPool, request: PlanRequest): Promise<Pick<Plan, 'steps'>> {
  switch (request.operation) {
    case 'create-volume': {
      const image = volumeImage(request.volume.id);
      await requireUnused(pool, image);
      const { sizeBytes, type } = request.volume;
      return planCreateVolume({ image, sizeBytes, order: tools.order }, wishesOf(type));
    }
    case 'clone-volume':
      return cloneVolumePlan(tools, pool, request.volume, request.source);
    case 'create-volume-from-snapshot':
      return volumeFromSnapshotPlan(tools, pool, request.volume, request.snapshot);
    case 'delete-volume':
      return { steps: await deleteSteps(tools, pool, request.volume) };
    case 'extend-volume':
      return extendPlan(pool, request.volume, request.newSizeBytes);
    case 'create-snapshot': {
      const { volume, id } = request.snapshot;
      const node = await readImage(pool, volumeImage(volume.id));
      if (node === undefined) throw noVolume(volume, pool);
      return planCreateSnapshot(node.name, id);
    }
    case 'delete-snapshot':
      return { steps: await deleteSnapshotSteps(tools, pool, request.snapshot) };
    case 'revert-to-snapshot':
      return (await revertPlan(pool, request.volume, request.snapshot.id)).plan;
  }
}

/** The image, and what goes with it all the way up. */
async function deleteSteps(tools: RbdTools, pool: RbdPool, volume: Volume): Promise<Step[]> {
  const node = await readToDelete(pool, volumeImage(volume.id));
  if (node === undefined) return [];
  const { steps, removesImage } = planDeleteVolume(node, tools.parents.policy);
  if (!removesImage || tools.parents.policy.trashSeconds !== undefined) return [...steps];
  return [...steps, ...(await releaseSteps(tools, pool, node))];
}

async function releaseSteps(tools: RbdTools, pool: RbdPool, child: ImageNode): Promise<Step[]> {
  const steps: Step[] = [];
  const gone = [child.id];
  for (let link = child.parent; link?.pool === pool.name && !link.imageInTrash;) {
    const node: ImageNode | undefined = await readImage(pool, link.image, {
      children: () => true,
      parentOfSnapshots: true,
    });
    if (node === undefined) break;
    const plan = planRelease(node, link, tools.parents.policy, gone);
    steps.push(...plan.steps);
    gone.push(node.id);
    link = plan.goesOn ? node.parent : undefined;
  }
  return steps;
}

async function deleteSnapshotSteps(
  { options }: RbdTools,
  pool: RbdPool,
  { id, volume }: Snapshot,
): Promise<Step[]> {
  const image = volumeImage(volume.id);
  const node = await readImage(pool, image, { children: ({ name }) => name === snapshotName(id) });
  const snapshot = node?.snapshots.find(
    ({ name, namespace }) => namespace === 'user' && name === snapshotName(id),
  );
  if (snapshot === undefined) return [];
  const isToFlatten = options.rbd_flatten_volume_from_snapshot;
  const first = snapshot.children.length > 0 ? planFreeSnapshot(image, pool.name, snapshot, isToFlatten) : [];
  return [...first, ...planDeleteSnapshot(image, id).steps];
}
