import { isRbdError } from '../../errors.js';
import { ENOENT, nativeError } from '../errno.js';
import { Words } from '../words.js';
import type { ClassCall, ObjectReader } from './class-read.js';
import { changeObject } from './class-write.js';
import { encodedNumber, encodedStructure, encodedText } from './encoding.js';
import { idOfImage } from './image-names.js';
import { NOTE_SNAPSHOT, objectMapAt, objectMapOf, roomOfObjectMap } from './object-map.js';
import { headerOf } from './read-head.js';
import { readUnlocked, tellOthers, UNLOCKED, type UnlockedImage } from './unlocked-image.js';

/** Of a snapshot that users make: type 0, and no more. */
const BY_USER = encodedStructure(Buffer.alloc(4));
/** How long those who may have an image open are waited for. */
const LOOK_MS = 1000;
const MOST_MAP = 2 ** 22;

/**
 * `done`, or what librbd has to do: `left` where nothing was done, `spoilt` where the image has the snapshot, but somebody
 * came in between who may have written meanwhile: it has to be removed, and taken anew.
 */
export type Taking = 'done' | 'left' | 'spoilt';

/**
 * Takes a snapshot of an image that nobody has open, as librbd does and in its order: an id of the monitors, the header,
 * the snapshot's object map, and the image's. What makes it right without the lock that librbd takes:
 * - Nobody has the image open before the snapshot is in the header, and nobody has at the end, when all who have are told:
 *   whoever writes later knows the snapshot. (One who is just opening it reads the header first, and can be told some
 *   milliseconds later; librbd does not see who is in between for as long as this takes either.)
 * - Nobody has touched the object map from before the snapshot is in the header until it is noted there: a writer locks
 *   it, and who takes another snapshot notes that.
 * @param alone an I/O context that nobody else uses: it tells the version of what was read last
 */
export async function takeSnapshot(
  reader: ObjectReader,
  alone: ObjectReader,
  name: string,
  snapshot: string,
): Promise<Taking> {
  const id = await idOfImage(reader, name);
  const now = id === undefined ? undefined : await untouched(reader, alone, id);
  if (id === undefined || now === undefined) return 'left';
  const snapshotId = await addToHeader(reader, id, snapshot);
  if (snapshotId === undefined) return 'left';
  const place = { id, at: objectMapAt(id, snapshotId) };
  const isMapped = await answered(async () => addObjectMap(reader, place, now.map));
  if (isMapped) return (await tellOthers(reader, id)) ? 'spoilt' : 'done';
  await answered(async () => forgetChanges(alone, place, now.image));
  return 'spoilt';
}

interface ObjectMap {
  readonly bytes: Buffer;
  readonly version: bigint;
}

/** undefined where somebody has it open, or it is out of the ordinary. */
async function untouched(
  reader: ObjectReader,
  alone: ObjectReader,
  id: string,
): Promise<{ readonly image: UnlockedImage; readonly map: ObjectMap | undefined } | undefined> {
  const image = await readUnlocked(reader, id);
  if (image === undefined || !isSuited(image)) return undefined;
  const hasMap = image.features.includes('object-map');
  const [isSeen, map] = await Promise.all([
    tellOthers(reader, id, LOOK_MS),
    hasMap ? readObjectMap(alone, id, image) : undefined,
  ]);
  return isSeen || (hasMap && map === undefined) ? undefined : { image, map };
}

/** Without the lock it is not known who writes; librbd has these two together. */
function isSuited({ features, sizeBytes, order }: UnlockedImage): boolean {
  return (
    features.includes('exclusive-lock') &&
    features.includes('object-map') === features.includes('fast-diff') &&
    roomOfObjectMap(sizeBytes, order) <= MOST_MAP
  );
}

/** undefined where there is none. */
async function readObjectMap(
  { calls, io, order }: ObjectReader,
  id: string,
  { sizeBytes, order: objectOrder }: UnlockedImage,
): Promise<ObjectMap | undefined> {
  const room = Buffer.allocUnsafeSlow(roomOfObjectMap(sizeBytes, objectOrder));
  const result = await calls.run(order, 'rados_read', io, objectMapOf(id), room, room.length, 0);
  if (result === -ENOENT || result === room.length) return undefined;
  if (result < 0) throw nativeError(result, order.subject);
  return {
    bytes: room.subarray(0, result),
    version: calls.library.addressNow('rados_get_last_version', io),
  };
}

/** @returns the id of the snapshot; undefined where it was refused */
async function addToHeader(reader: ObjectReader, id: string, snapshot: string): Promise<number | undefined> {
  const { calls, io, order } = reader;
  const made = new Words(1);
  const takesId = async (): Promise<unknown> =>
    calls.check(order, 'rados_ioctx_selfmanaged_snap_create', io, made.memory);
  if (!(await answered(takesId))) return undefined;
  const input = Buffer.concat([encodedText(snapshot), encodedNumber(made.at(0)), BY_USER]);
  const add: ClassCall = { method: 'snapshot_add', input };
  const change = { ...UNLOCKED, calls: [...UNLOCKED.calls, add] };
  if (await answered(async () => changeObject(reader, headerOf(id), change))) return made.number(0);
  // Nobody has it, and nobody will: librbd says what is wrong.
  await calls.run(order, 'rados_ioctx_selfmanaged_snap_remove', io, made.at(0));
  return undefined;
}

/** The image, and the object that its snapshot's object map is in. */
interface Place {
  readonly id: string;
  readonly at: string;
}

async function addObjectMap(
  reader: ObjectReader,
  { id, at }: Place,
  map: ObjectMap | undefined,
): Promise<void> {
  if (map === undefined) return;
  await writeObjectMap(reader, at, map);
  const noted = [...UNLOCKED.calls, NOTE_SNAPSHOT];
  const unchanged = { version: map.version };
  await changeObject(reader, objectMapOf(id), { ...UNLOCKED, calls: noted, unchanged });
}

/**
 * Of a snapshot that is to be removed: librbd adds to the image's object map what had changed until then, which others
 * have accounted for meanwhile.
 */
async function forgetChanges(reader: ObjectReader, { id, at }: Place, image: UnlockedImage): Promise<void> {
  const map = await readObjectMap(reader, id, image);
  if (map !== undefined) await writeObjectMap(reader, at, map);
}

async function writeObjectMap(
  { calls, io, order }: ObjectReader,
  object: string,
  { bytes }: ObjectMap,
): Promise<void> {
  await calls.check(order, 'rados_write_full', io, object, bytes, bytes.length);
}

/** Whether it was done. @throws RbdError where nobody knows */
async function answered(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await change();
    return true;
  } catch (error) {
    if (!isRbdError(error) || isRbdError(error, 'timed-out', 'disconnected')) throw error;
    return false;
  }
}
