import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The numbers statfs(2) gives for file systems whose names only this kernel changes. */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
]);

/**
 * Whether a removed name is gone for everyone at once. Clients of a share keep names in a cache: one could
 * lock the removed file while another locks the new one of that name, so there files are left in place.
 */
export async function keepsNamesInSync(path: string): Promise<boolean> {
  const { type } = await statfs(dirname(path));
  return LOCAL_TYPES.has(type >>> 0);
}
