import { isRbdError } from '../../errors.js';
import type { ClassCall, ObjectReader } from './class-read.js';
import { changeObject } from './class-write.js';
import { encodedBytes, encodedNumber, encodedStructure } from './encoding.js';
import { idOfImage } from './image-names.js';
import { fitObjectMap, objectCount, objectMapOf } from './object-map.js';
import { headerOf } from './read-head.js';
import { readUnlocked, tellOthers, UNLOCKED, type UnlockedImage } from './unlocked-image.js';

/** How often others may come between who let the image grow too. */
const ATTEMPTS = 10;

/**
 * Makes an image larger whose lock nobody has: its object map first, as librbd does, then the image; who has it open
 * is told.
 * @returns false where librbd has to do it, or to refuse it
 */
export async function growImage(reader: ObjectReader, name: string, sizeBytes: number): Promise<boolean> {
  const id = await idOfImage(reader, name);
  if (id === undefined) return false;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const now = await readUnlocked(reader, id);
    if (now === undefined || sizeBytes <= now.sizeBytes) return false;
    if (await growOnce(reader, id, now, sizeBytes)) {
      await tellOthers(reader, id);
      return true;
    }
  }
  return false;
}

/** @returns false where somebody came between */
async function growOnce(
  reader: ObjectReader,
  id: string,
  now: UnlockedImage,
  sizeBytes: number,
): Promise<boolean> {
  try {
    if (now.features.includes('object-map')) await growObjectMap(reader, id, now, sizeBytes);
    const set: ClassCall = { method: 'set_size', input: encodedNumber(sizeBytes) };
    const unchanged = { key: 'size', value: encodedNumber(now.sizeBytes) };
    await changeObject(reader, headerOf(id), { ...UNLOCKED, calls: [...UNLOCKED.calls, set], unchanged });
    return true;
  } catch (error) {
    if (isRbdError(error, 'busy', 'cancelled')) return false;
    throw error;
  }
}

/** Of those who do this at once the first goes on: the map says for how many objects it is. */
async function growObjectMap(
  reader: ObjectReader,
  id: string,
  { sizeBytes: before, order }: UnlockedImage,
  sizeBytes: number,
): Promise<void> {
  const calls = [...UNLOCKED.calls, fitObjectMap(sizeBytes, order)];
  const unchanged = { beginning: encodedBytes(encodedStructure(objectCount(before, order))) };
  await changeObject(reader, objectMapOf(id), { ...UNLOCKED, calls, unchanged });
}
