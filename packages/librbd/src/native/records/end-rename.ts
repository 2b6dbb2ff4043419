import type { ObjectReader } from './class-read.js';
import { changeObject, removeObject } from './class-write.js';
import { encodedText } from './encoding.js';
import { idOfImage, nameOfImage } from './image-names.js';

/**
 * Ends the renaming of an image that was cut off, whose id both names have then. librbd writes the new name's id, the
 * directory, and removes the old name's id; it says "exists" to whoever does it again.
 * @returns false where it was not: there are two images
 */
export async function endRename(reader: ObjectReader, from: string, to: string): Promise<boolean> {
  if (from === to) return false;
  const [id, taken] = await Promise.all([idOfImage(reader, from), idOfImage(reader, to)]);
  if (id === undefined || id !== taken) return false;
  const listed = await nameOfImage(reader, id);
  if (listed === undefined || listed.inTrash || ![from, to].includes(listed.name)) return false;
  if (listed.name === from) {
    const input = Buffer.concat([from, to, id].map((text) => encodedText(text)));
    await changeObject(reader, 'rbd_directory', { calls: [{ method: 'dir_rename_image', input }] });
  }
  await removeObject(reader, `rbd_id.${from}`);
  return true;
}
