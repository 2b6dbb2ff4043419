import { isDriverError } from '@scoria/core';
import type { Snapshot, Volume } from '@scoria/core';
import type { ActiveView, VolumeOnShare } from '../chain/chain-reader.js';
import { activeLayer } from '../chain/chain.js';
import type { Chain } from '../chain/chain.js';
import type { Plan } from '../plan/plan.js';
import { planCreateSnapshotOnline, planDeleteSnapshotOnline } from '../plan/online-plans.js';
import { planCreateSnapshot, planDeleteSnapshot, planRevert } from '../plan/snapshot-plans.js';
import { planDeleteVolume, planExtend } from '../plan/volume-plans.js';
import type { FileVolumes, HeldVolume } from './file-volumes.js';
import { requireRoomToMerge } from './room-to-merge.js';
import { requireUnusedFile } from './unused-names.js';

/** A snapshot, or the temporary one of a clone, of a volume as far as its chain is concerned. */
export interface SnapshotOf {
  readonly id: string;
  readonly volume: VolumeOnShare & Pick<Volume, 'attachments'>;
}

/** Who changes the chain: the process of a guest that runs, or this one. */
export type ChainMode = 'online' | 'offline';

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

/**
 * @param view what the volume is now
 * @param mode whether a guest uses it
 */
export async function createSnapshotPlan(
  volumes: FileVolumes,
  held: HeldVolume,
  { volume, id }: SnapshotOf,
  { info, active }: ActiveView,
  mode: ChainMode,
): Promise<Plan> {
  const { names } = volumes;
  const planCreate = mode === 'online' ? planCreateSnapshotOnline : planCreateSnapshot;
  const plan = planCreate(names, volume.id, id, info, active);
  await requireUnusedFile(volumes, held.tools.share, names.overlay(volume.id, id));
  return plan;
}

/** @returns undefined for a snapshot that is gone */
export async function deleteSnapshotPlan(
  volumes: FileVolumes,
  held: HeldVolume,
  snapshotId: string,
  chain: Chain,
  mode: ChainMode,
): Promise<Plan | undefined> {
  const planDelete = mode === 'online' ? planDeleteSnapshotOnline : planDeleteSnapshot;
  const plan = planDelete(volumes.names, chain, snapshotId);
  if (plan !== undefined) await requireRoomToMerge(held.tools.directory, plan);
  return plan;
}

export async function revertPlan(held: HeldVolume, volume: Volume, snapshot: Snapshot): Promise<Plan> {
  const chain = await held.tools.reader.readChain(volume);
  return planRevert(chain, snapshot.id, activeLayer(chain).virtualBytes);
}

/** What a delete finds gone is no error. */
export async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDriverError(error, 'volume-not-found')) return undefined;
    throw error;
  }
}
