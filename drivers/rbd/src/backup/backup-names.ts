import type { BackupPoint } from '@scoria/core';
import type { SnapshotEntry } from '@scoria/librbd';
import { isBackupSnapshot } from '../names.js';

/** The name of Cinder's: `backup.<id>.snap.<seconds since 1970>`. */
export function backupSnapshot({ id, createdAt }: BackupPoint): string {
  return `${prefixOf(id)}${(Date.parse(createdAt) / 1000).toFixed(2)}`;
}

/** The snapshots of a backup, oldest first: one, unless another program has taken more. */
export function snapshotsOfBackup(entries: readonly SnapshotEntry[], backupId: string): string[] {
  return entries
    .filter(({ name, namespace }) => namespace === 'user' && name.startsWith(prefixOf(backupId)))
    .map(({ name }) => name);
}

/** undefined for what is no snapshot of a backup. */
export function backupIdOf(snapshot: string): string | undefined {
  return isBackupSnapshot(snapshot) ? /^backup\.(.+?)\.snap\./.exec(snapshot)?.[1] : undefined;
}

function prefixOf(backupId: string): string {
  return `backup.${backupId}.snap.`;
}
