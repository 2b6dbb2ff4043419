import type { PlanRequest, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { Connected } from '../cluster/rbd-connection.js';
import { volumeImage } from '../names.js';
import { planCreateVolume } from '../plan/create-plans.js';
import { planDeleteVolume } from '../plan/delete-plans.js';
import type { Plan, Step } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import { planCreateSnapshot } from '../plan/snapshot-plans.js';
import { readImage } from '../tree/read-image.js';
import { wishesOf } from '../types/image-wishes.js';
import { cloneVolumePlan, noVolume, requireUnused, volumeFromSnapshotPlan } from './clone-volume.js';
import { deleteSnapshotPlan } from './delete-snapshot.js';
import { readToDelete } from './delete-volume.js';
import { extendPlan } from './extend-volume.js';
import type { RbdTools } from './rbd-tools.js';
import { releaseSteps } from './release-steps.js';
import { revertPlan } from './snapshots.js';

/** See `PlanOperations.planOf`. */
export async function planOperation(tools: RbdTools, request: PlanRequest): Promise<string[]> {
  return tools.connection.use(`plan ${request.operation}`, async (connected) =>
    (await planOf(tools, connected, request)).steps.map(describeStep),
  );
}

async function planOf(
  tools: RbdTools,
  connected: Connected,
  request: PlanRequest,
): Promise<Pick<Plan, 'steps'>> {
  const { pool } = connected;
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
      return deleteSnapshotPlan(tools, connected, request.snapshot);
    case 'revert-to-snapshot':
      return (await revertPlan(pool, request.volume, request.snapshot.id)).plan;
  }
}

/** The image, and what goes with it all the way up. */
async function deleteSteps(tools: RbdTools, pool: RbdPool, volume: Volume): Promise<Step[]> {
  const node = await readToDelete(tools, pool, volumeImage(volume.id));
  if (node === undefined) return [];
  const { steps, removesImage } = planDeleteVolume(node, tools.parents.policy);
  if (!removesImage || tools.parents.policy.trashSeconds !== undefined) return [...steps];
  return [...steps, ...(await releaseSteps(tools.parents, pool, node.parent, [node.id]))];
}
