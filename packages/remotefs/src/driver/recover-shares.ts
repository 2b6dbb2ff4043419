import { createContext, DriverError, isUuid, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { readdir } from 'node:fs/promises';
import { removeFile } from '../chain/durable-files.js';
import { systemCode } from '../chain/file-errors.js';
import { removeLeftOvers } from '../execute/left-overs.js';
import { removeTraces } from './abandoned-clones.js';
import type { ShareWatch } from '../shares/share-watch.js';
import type { FileVolumes, ShareTools } from './file-volumes.js';

/** How long a guest's side is waited for before the others are looked at, and the driver can be used. */
const GUEST_MS = 20_000;

/**
 * Finishes or undoes what dead processes left on the usable shares, and removes their temporary files, lock
 * files and probes. What a living process has under way is locked, and left alone. A volume or a share that cannot
 * be put in order, or hangs meanwhile, is logged and keeps nobody else waiting: operations on it name the reason.
 */
export async function recoverShares(
  context: OperationContext,
  volumes: FileVolumes,
  watch: ShareWatch,
): Promise<void> {
  const shares = await volumes.shares.available(context);
  await Promise.all(
    shares.map(async (share) => {
      try {
        await watch.run(context, async (inner) => {
          watch.use(inner, share.share);
          await recoverShare(inner, volumes, volumes.toolsFor(share));
        });
      } catch (error) {
        context.logger.error(`the share ${share.share} could not be put in order: ${messageOf(error)}`);
      }
    }),
  );
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
    const claim = { volumeId, share: tools.share, mode: 'exclusive' } as const;
    await withLimit(context, volumeId, (limited) => volumes.recoverHeld(limited, claim));
    for (const file of await temporaryFiles(tools)) {
      if (ownerOf(file) === volumeId) await removeFile(tools.directory.temporary(file));
    }
  } catch (error) {
    context.logger.error(`volume ${volumeId} could not be put in order: ${messageOf(error)}`, { volumeId });
  }
}

/** What takes longer is left to the next operation on the volume: only what a guest does is given up in the middle. */
async function withLimit(
  context: OperationContext,
  volumeId: string,
  work: (context: OperationContext) => Promise<void>,
): Promise<void> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(tooLong(volumeId)), GUEST_MS);
  const { requestId, logger } = context;
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    await work(createContext({ requestId, logger, signal, onStep: async (name) => context.step(name) }));
  } finally {
    clearTimeout(timer);
  }
}

function tooLong(volumeId: string): DriverError {
  return new DriverError({
    code: 'unavailable',
    message:
      `the guest of volume ${volumeId} was waited for ${String(GUEST_MS / 1000)} s at the start; what was cut off is ` +
      `gone on with by the next operation on the volume`,
    details: { volumeId },
  });
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
