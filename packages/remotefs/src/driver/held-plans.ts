import { isDriverError } from '@scoria/core';
import type { Snapshot, Volume } from '@scoria/core';
import { activeLayer } from '../chain/chain.js';
import type { Plan } from '../plan/plan.js';
import { planCreateSnapshot, planDeleteSnapshot, planRevert } from '../plan/snapshot-plans.js';
import { planDeleteVolume, planExtend } from '../plan/volume-plans.js';
import type { FileVolumes, HeldVolume } from './file-volumes.js';
import { requireRoomToMerge } from './room-to-merge.js';
import { requireUnusedFile } from './unused-names.js';

// Plans for a volume that is held: what can be refused beforehand is refused here, for the operation and for its dry
// run alike. They change nothing.

/** @returns undefined for a volume that is gone */
export async function deleteVolumePlan(held: HeldVolume, volume: Volume): Promise<Plan | undefined> {
  const chain = await ifThere(held.tools.reader.readChain(volume));
  return chain && planDeleteVolume(chain);
}

export async function extendPlan(
  volumes: FileVolumes,
  held: HeldVolume,
  volume: Volume,
  newSizeBytes: number,
): Promise<Plan> {
  const chain = await held.tools.reader.readChain(volume);
  return planExtend(chain, newSizeBytes, volumes.policy.preallocated);
}

/** The plan, and the size that the snapshot will have. */
export async function createSnapshotPlan(
  volumes: FileVolumes,
  held: HeldVolume,
  snapshot: Snapshot,
): Promise<{ plan: Plan; sizeBytes: number }> {
  const { names } = volumes;
  const { volume } = snapshot;
  const { info, active } = await held.tools.reader.readActive(volume);
  const plan = planCreateSnapshot(names, volume.id, snapshot.id, info, active);
  await requireUnusedFile(volumes, held.tools.share, names.overlay(volume.id, snapshot.id));
  return { plan, sizeBytes: active.virtualBytes };
}

/** @returns undefined for a snapshot that is gone */
export async function deleteSnapshotPlan(
  volumes: FileVolumes,
  held: HeldVolume,
  snapshot: Snapshot,
): Promise<Plan | undefined> {
  const chain = await ifThere(held.tools.reader.readChain(snapshot.volume));
  const plan = chain && planDeleteSnapshot(volumes.names, chain, snapshot.id);
  if (plan !== undefined) await requireRoomToMerge(held.tools.directory, plan);
  return plan;
}

export async function revertPlan(held: HeldVolume, volume: Volume, snapshot: Snapshot): Promise<Plan> {
  const chain = await held.tools.reader.readChain(volume);
  return planRevert(chain, snapshot.id, activeLayer(chain).virtualBytes);
}

/** What a delete finds gone is no error. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDriverError(error, 'volume-not-found')) return undefined;
    throw error;
  }
}
