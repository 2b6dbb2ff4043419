import { DriverError } from '@scoria/core';
import { isThere } from '../chain/durable-files.js';
import type { FileNames } from '../chain/file-names.js';
import type { ShareTools } from './file-volumes.js';

/**
 * Refuses a name that is taken before anything is made, so that undoing can never remove a file of others.
 * @param snapshotId where given, the overlay's name; otherwise the volume's own and its record's
 * @throws DriverError `already-exists`
 */
export async function requireUnusedNames(
  { directory, share }: ShareTools,
  names: FileNames,
  volumeId: string,
  snapshotId?: string,
): Promise<void> {
  const wanted =
    snapshotId === undefined
      ? [names.volumeFile(volumeId), names.infoFile(volumeId)]
      : [names.overlay(volumeId, snapshotId)];
  for (const file of wanted) {
    if (!(await isThere(directory.file(file)))) continue;
    throw new DriverError({
      code: 'already-exists',
      message: `the share ${share.share} has a file ${file} already; it was not touched, take another id or remove it`,
      details: { volumeId, file },
    });
  }
}
