import { isUuid, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { readdir } from 'node:fs/promises';
import { removeFile } from '../chain/durable-files.js';
import { systemCode } from '../chain/file-errors.js';
import { removeLeftOvers } from '../execute/left-overs.js';
import { removeTraces } from './abandoned-clones.js';
import type { FileVolumes, ShareTools } from './file-volumes.js';

/**
 * Finishes or undoes what dead processes left on the usable shares, and removes their temporary files, lock
 * files and probes. What a living process has under way is locked, and left alone. A volume or a share that cannot
 * be put in order is logged and does not stop the others: operations on it name the reason.
 */
export async function recoverShares(context: OperationContext, volumes: FileVolumes): Promise<void> {
  for (const share of await volumes.shares.available(context)) {
    try {
      await recoverShare(context, volumes, volumes.toolsFor(share));
    } catch (error) {
      context.logger.error(`the share ${share.share} could not be put in order: ${messageOf(error)}`);
    }
  }
}

async function recoverShare(
  context: OperationContext,
  volumes: FileVolumes,
  tools: ShareTools,
): Promise<void> {
  await tools.directory.requireWorkDirectories();
  const owners = (await temporaryFiles(tools)).map(ownerOf).filter(isUuid);
  const ids = new Set([...(await tools.journal.volumes()), ...owners]);
  for (const volumeId of ids) await recoverVolume(context, volumes, tools, volumeId);
  await removeTraces(context, volumes, tools.share);
  await removeLeftOvers(context, volumes, tools);
}

async function recoverVolume(
  context: OperationContext,
  volumes: FileVolumes,
  tools: ShareTools,
  volumeId: string,
): Promise<void> {
  try {
    await using held = await volumes.tryHold(context, { volumeId, share: tools.share, mode: 'exclusive' });
    if (held === undefined) return;
    await volumes.recoverHeld(context, { volumeId, share: tools.share, mode: 'exclusive' });
    for (const file of await temporaryFiles(tools)) {
      if (ownerOf(file) === volumeId) await removeFile(tools.directory.temporary(file));
    }
  } catch (error) {
    context.logger.error(`volume ${volumeId} could not be put in order: ${messageOf(error)}`, { volumeId });
  }
}

async function temporaryFiles(tools: ShareTools): Promise<string[]> {
  try {
    return await readdir(tools.directory.temporaries);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Temporary files are named '<volume id>.<what for>'. */
function ownerOf(file: string): string {
  return file.split('.')[0] ?? file;
}
