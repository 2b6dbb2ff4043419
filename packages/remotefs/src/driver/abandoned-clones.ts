import { messageOf } from '@scoria/core';
import type { OperationContext, Volume } from '@scoria/core';
import { readdir } from 'node:fs/promises';
import { clonedVolumeId } from '../chain/file-names.js';
import type { VolumeOnShare } from '../chain/chain-reader.js';
import type { Share } from '../shares/share.js';
import type { FileVolumes, HeldVolume } from './file-volumes.js';
import { dropSnapshot } from './volume-snapshots.js';

// The temporary snapshots of clones whose process was killed. As long as a clone is being made, its id is held.

/** Holds a volume to change it, without what dead processes have left on it. */
export async function holdToChange(
  context: OperationContext,
  volumes: FileVolumes,
  volume: Volume,
): Promise<HeldVolume> {
  const held = await volumes.hold(context, volume);
  try {
    await removeAbandonedClones(context, volumes, held, volume);
    return held;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

/** Removes what a clone has left on its source, and waits for nobody: for a clone that is taken back. */
export async function removeTraceOfClone(
  context: OperationContext,
  volumes: FileVolumes,
  cloneId: string,
): Promise<void> {
  for (const share of await volumes.shares.available(context)) {
    await removeTraces(context, volumes, share, (clone) => clone === cloneId);
  }
}

/**
 * Removes what clones have left on the volumes of a share.
 * @param isWanted of which clones, by their ids; of all that nobody is making, unless told
 */
export async function removeTraces(
  context: OperationContext,
  volumes: FileVolumes,
  share: Share,
  isWanted: (cloneId: string) => boolean = () => true,
): Promise<void> {
  for (const file of await readdir(share.path)) {
    const found = volumes.names.temporaryOverlay(file);
    if (found !== undefined && isWanted(found.cloneId))
      await removeTrace(context, volumes, share, found.volumeId);
  }
}

/** One that cannot be removed now goes with the next operation on the volume, and stands in nobody's way. */
async function removeTrace(
  context: OperationContext,
  volumes: FileVolumes,
  share: Share,
  volumeId: string,
): Promise<void> {
  const claim = { volumeId, share, mode: 'exclusive' } as const;
  try {
    await using held = await volumes.tryHold(context, claim);
    if (held === undefined) return;
    await volumes.recoverHeld(context, claim);
    const attachments = await volumes.guests.of(volumeId);
    await removeAbandonedClones(context, volumes, held, { id: volumeId, providerMetadata: {}, attachments });
  } catch (error) {
    context.logger.warn(`a temporary snapshot of volume ${volumeId} stays for now: ${messageOf(error)}`, {
      volumeId,
    });
  }
}

async function removeAbandonedClones(
  context: OperationContext,
  volumes: FileVolumes,
  held: HeldVolume,
  volume: VolumeOnShare & Pick<Volume, 'attachments'>,
): Promise<void> {
  const info = await held.tools.reader.readInfo(volume.id);
  for (const id of Object.keys(info?.snapshots ?? {})) {
    const cloneId = clonedVolumeId(id);
    if (cloneId === undefined) continue;
    const { share } = held.tools;
    await using clone = await volumes.tryHold(context, { volumeId: cloneId, share, mode: 'exclusive' });
    if (clone === undefined) continue;
    context.logger.warn(`remove ${id} of volume ${volume.id}, which a clone that was cut off has left`);
    await dropSnapshot(context, volumes, held, { id, volume });
  }
}
