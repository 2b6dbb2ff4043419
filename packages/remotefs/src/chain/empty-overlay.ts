import { readQcow2Header } from '@scoria/disk-image';
import { open } from 'node:fs/promises';

const ENTRY_BYTES = 8;

/** Whether nothing has ever been written to a qcow2 file: none of its tables exists. */
export async function isEmptyOverlay(file: string): Promise<boolean> {
  const { header } = await readQcow2Header(file);
  await using handle = await open(file, 'r');
  const table = Buffer.alloc(header.l1Entries * ENTRY_BYTES);
  const { bytesRead } = await handle.read(table, 0, table.length, header.l1Offset);
  return table.subarray(0, bytesRead).every((byte) => byte === 0);
}
