import { isRbdError } from '../../errors.js';
import { ENOENT } from '../errno.js';
import { featureNames } from '../features.js';
import { type ObjectReader, readObject } from './class-read.js';
import { changeObject, removeObject } from './class-write.js';
import { Decoder, encodedStructure, encodedText } from './encoding.js';
import { isHeld } from './formats.js';
import { arePlain } from './image-layout.js';
import { idOfImage, isImageOfFormat1, present } from './image-names.js';
import { HEAD, headerOf, LOCK_INFO, READ_ONLY } from './read-head.js';

/** TRASH_IMAGE_SOURCE_USER. */
const BY_USER = Buffer.of(0);
/** TRASH_IMAGE_STATE_... */
const STATE = { normal: Buffer.of(0), moving: Buffer.of(1) };

/**
 * Moves an image that nobody has the lock of to the trash, as librbd does and in its order, without opening it.
 * @returns false where librbd has to do it, or to refuse it
 */
export async function moveToTrash(
  reader: ObjectReader,
  name: string,
  delaySeconds: number,
): Promise<boolean> {
  const id = await idOfImage(reader, name);
  if (id === undefined || !(await isMovable(reader, id, name))) return false;
  const key = encodedText(id);
  const entry = trashEntry(name, delaySeconds);
  try {
    const add = { method: 'trash_add', input: Buffer.concat([key, entry]) };
    await changeObject(reader, 'rbd_trash', { calls: [add] });
  } catch (error) {
    // Somebody has begun it already.
    if (isRbdError(error, 'exists')) return false;
    throw error;
  }
  await removeObject(reader, `rbd_id.${name}`);
  const listed = Buffer.concat([encodedText(name), key]);
  await changeObject(reader, 'rbd_directory', { calls: [{ method: 'dir_remove_image', input: listed }] });
  const states = Buffer.concat([key, STATE.normal, STATE.moving]);
  await changeObject(reader, 'rbd_trash', { calls: [{ method: 'trash_state_set', input: states }] });
  return true;
}

async function isMovable(reader: ObjectReader, id: string, name: string): Promise<boolean> {
  const calls = [{ method: 'get_features', input: Buffer.concat([HEAD, READ_ONLY]) }, LOCK_INFO];
  const [answers, mirrored, isOld] = await Promise.all([
    readObject(reader, headerOf(id), calls),
    readObject(reader, 'rbd_mirroring', [{ method: 'mirror_image_get', input: encodedText(id) }]),
    isImageOfFormat1(reader, name),
  ]);
  const [features, lock] = present(answers, reader) ?? [];
  if (features === undefined || lock === undefined) return false;
  const isPlain = arePlain(featureNames(new Decoder(features).bits()));
  return isPlain && !isHeld(lock) && mirrored === -ENOENT && !isOld;
}

function trashEntry(name: string, delaySeconds: number): Buffer {
  const now = Date.now();
  const times = [time(now), time(now + delaySeconds * 1000)];
  return encodedStructure(Buffer.concat([BY_USER, encodedText(name), ...times, STATE.moving]), 2);
}

/** Seconds and nanoseconds. */
function time(ms: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Math.floor(ms / 1000), 0);
  bytes.writeUInt32LE((ms % 1000) * 1_000_000, 4);
  return bytes;
}
