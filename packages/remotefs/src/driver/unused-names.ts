import { DriverError, type OperationContext } from '@scoria/core';
import { isThere } from '../chain/durable-files.js';
import type { Share } from '../shares/share.js';
import type { FileVolumes } from './file-volumes.js';

/**
 * Refuses a volume's id that is taken on any usable share, before anything is made: undoing can then never remove
 * a file of others.
 * @param except a share where the volume may be already
 * @throws DriverError `already-exists`
 */
export async function requireUnusedId(
  context: OperationContext,
  volumes: FileVolumes,
  volumeId: string,
  except?: Share,
): Promise<void> {
  const { names, shares } = volumes;
  for (const share of await shares.available(context)) {
    if (share.path === except?.path) continue;
    await requireUnusedFile(volumes, share, names.volumeFile(volumeId));
    await requireUnusedFile(volumes, share, names.infoFile(volumeId));
  }
}

/**
 * As {@link requireUnusedId}, for one file.
 * @throws DriverError `already-exists`
 */
export async function requireUnusedFile(volumes: FileVolumes, share: Share, file: string): Promise<void> {
  if (!(await isThere(volumes.toolsFor(share).directory.file(file)))) return;
  throw new DriverError({
    code: 'already-exists',
    message: `the share ${share.share} has a file ${file} already; it was not touched, take another id or remove it`,
    details: { share: share.share, file },
  });
}
