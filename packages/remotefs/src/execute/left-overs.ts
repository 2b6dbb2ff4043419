import { isUuid, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isThere, removeFile } from '../chain/durable-files.js';
import { systemCode } from '../chain/file-errors.js';
import type { FileVolumes, ShareTools } from '../driver/file-volumes.js';

/** A probe is there for as long as it takes to make and remove a file; hosts' clocks may differ. */
const PROBE_LIFE_MS = 600_000;

/**
 * Removes the lock files and probes of dead processes. They are empty and stand in nobody's way: whatever goes
 * wrong here is logged, and no reason not to start.
 */
export async function removeLeftOvers(
  context: OperationContext,
  volumes: FileVolumes,
  tools: ShareTools,
): Promise<void> {
  try {
    await removeOldProbes(tools);
    await removeDeadLocks(context, volumes, tools);
  } catch (error) {
    context.logger.warn(`lock files and probes stay on the share ${tools.share.share}: ${messageOf(error)}`);
  }
}

/** Holding a lock and letting go of it removes its file, except where no lock file may be removed. */
async function removeDeadLocks(
  context: OperationContext,
  volumes: FileVolumes,
  { share, directory }: ShareTools,
): Promise<void> {
  for (const name of await namesIn(directory.locks)) {
    const volumeId = name.replace(/^volume-/, '');
    if (!isUuid(volumeId)) continue;
    const held = await volumes.tryHold(context, { volumeId, share, mode: 'exclusive' });
    await held?.[Symbol.asyncDispose]();
    const isKept = held !== undefined && (await isThere(path.join(directory.locks, name)));
    if (isKept) return;
  }
}

async function removeOldProbes({ directory }: ShareTools): Promise<void> {
  const hidden = path.dirname(directory.locks);
  for (const name of await namesIn(hidden)) {
    const probe = path.join(hidden, name);
    if (name.startsWith('probe-') && (await isOld(probe))) await removeFile(probe);
  }
}

async function isOld(probe: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(probe)).mtimeMs > PROBE_LIFE_MS;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
