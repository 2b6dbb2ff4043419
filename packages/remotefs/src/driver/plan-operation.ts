import type { OperationContext, PlanRequest, Volume } from '@scoria/core';
import type { Plan } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import { planCreateVolume } from '../plan/volume-plans.js';
import type { DataSource } from './copy-into-volume.js';
import { cloneOf, copyPlan, snapshotOf } from './copy-into-volume.js';
import type { HeldVolume } from './file-volumes.js';
import {
  createSnapshotPlan,
  deleteSnapshotPlan,
  deleteVolumePlan,
  extendPlan,
  ifThere,
  revertPlan,
} from './held-plans.js';
import type { RemoteFsTools } from './remotefs-tools.js';
import { recordedMode } from './volume-snapshots.js';
import { requireUnusedId } from './unused-names.js';

/** See `PlanOperations.planOf`. What is looked at is held as by a reader: nobody changes it meanwhile. */
export async function planOperation(
  context: OperationContext,
  tools: RemoteFsTools,
  request: PlanRequest,
): Promise<string[]> {
  const { volumes } = tools;
  switch (request.operation) {
    case 'create-volume':
      return planNewVolume(context, tools, request.volume);
    case 'clone-volume':
      return planCopy(context, tools, request.volume, cloneOf(request.source));
    case 'create-volume-from-snapshot':
      return planCopy(context, tools, request.volume, snapshotOf(request.snapshot));
    case 'delete-volume': {
      const found = await volumes.find(context, request.volume);
      return found === undefined
        ? []
        : planHeld(context, tools, found, (held) => deleteVolumePlan(held, found));
    }
    case 'extend-volume': {
      const { volume, newSizeBytes } = request;
      return planHeld(context, tools, volume, (held) => extendPlan(volumes, held, volume, newSizeBytes));
    }
    case 'create-snapshot': {
      const { snapshot } = request;
      return planHeld(context, tools, snapshot.volume, async (held) => {
        const view = await held.tools.reader.readActive(snapshot.volume);
        return createSnapshotPlan(volumes, held, snapshot, view, recordedMode(snapshot.volume));
      });
    }
    case 'delete-snapshot': {
      const { snapshot } = request;
      return planHeld(context, tools, snapshot.volume, async (held) => {
        const chain = await ifThere(held.tools.reader.readChain(snapshot.volume));
        return chain && deleteSnapshotPlan(volumes, held, snapshot.id, chain, recordedMode(snapshot.volume));
      });
    }
    case 'revert-to-snapshot': {
      const { volume, snapshot } = request;
      return planHeld(context, tools, volume, (held) => revertPlan(held, volume, snapshot));
    }
  }
}

async function planHeld(
  context: OperationContext,
  { volumes }: RemoteFsTools,
  volume: Volume,
  plan: (held: HeldVolume) => Promise<Plan | undefined>,
): Promise<string[]> {
  await using held = await volumes.hold(context, volume, 'shared');
  return describe(await plan(held));
}

async function planNewVolume(
  context: OperationContext,
  { volumes, placement }: RemoteFsTools,
  volume: Volume,
): Promise<string[]> {
  const { share } = await placement.preview(context, volume.sizeBytes);
  await requireUnusedId(context, volumes, volume.id);
  const plan = planCreateVolume(volumes.names, volume.id, volume.sizeBytes, volumes.policy);
  return [`place it on ${share}`, ...describe(plan)];
}

async function planCopy(
  context: OperationContext,
  { volumes, placement }: RemoteFsTools,
  volume: Volume,
  from: DataSource,
): Promise<string[]> {
  const sourceShare = await volumes.shareOf(context, from.volume);
  const { share } = await placement.preview(context, volume.sizeBytes, sourceShare);
  await using _held = await volumes.hold(context, from.volume, 'shared');
  return [`place it on ${share}`, ...describe(await copyPlan(context, volumes, volume, sourceShare, from))];
}

function describe(plan: Plan | undefined): string[] {
  return plan?.steps.map(describeStep) ?? [];
}
