import { isRbdError } from '../../errors.js';
import { ETIMEDOUT, nativeError } from '../errno.js';
import { featureNames } from '../features.js';
import { type ClassCall, type ObjectReader, readObject } from './class-read.js';
import { changeObject, type ObjectChange } from './class-write.js';
import { Decoder, encodedBytes, encodedNumber, encodedStructure, encodedText } from './encoding.js';
import { isHeld } from './formats.js';
import { arePlain } from './image-layout.js';
import { idOfImage, present } from './image-names.js';
import { fitObjectMap, objectCount, objectMapOf } from './object-map.js';
import { HEAD, headerOf, LOCK, LOCK_INFO, READ_ONLY } from './read-head.js';

/** ClsLockType EXCLUSIVE. */
const EXCLUSIVE = Buffer.of(1);
const NOTHING = encodedText('');
/** Without an end, and without flags. */
const FOR_EVER = Buffer.alloc(9);
/** NOTIFY_OP_HEADER_UPDATE, in a message as the first version had it. */
const HEADER_UPDATE = encodedStructure(Buffer.of(3, 0, 0, 0));
const NOTIFY_MS = 10_000n;

/**
 * That nobody has an object's lock: taking it fails otherwise, and it is put back in the same change. Who gets the lock
 * later reads what has changed; so nothing is changed under anybody who relies on it.
 */
const UNLOCKED: Pick<ObjectChange, 'calls' | 'without'> = {
  calls: [
    {
      method: 'lock',
      family: 'lock',
      input: encodedStructure(
        Buffer.concat([
          encodedText(LOCK),
          EXCLUSIVE,
          encodedText('change'),
          encodedText('internal'),
          NOTHING,
          FOR_EVER,
        ]),
      ),
    },
  ],
  without: `lock.${LOCK}`,
};

/**
 * Makes an image larger whose lock nobody has: its object map first, as librbd does, then the image; who has it open
 * is told.
 * @returns false where librbd has to do it, or to refuse it
 */
export async function growImage(reader: ObjectReader, name: string, sizeBytes: number): Promise<boolean> {
  const id = await idOfImage(reader, name);
  const now = id === undefined ? undefined : await growable(reader, id);
  if (id === undefined || now === undefined || sizeBytes <= now.sizeBytes) return false;
  try {
    if (now.hasObjectMap) await growObjectMap(reader, id, now, sizeBytes);
    const set: ClassCall = { method: 'set_size', input: encodedNumber(sizeBytes) };
    const unchanged = { key: 'size', value: encodedNumber(now.sizeBytes) };
    await changeObject(reader, headerOf(id), { ...UNLOCKED, calls: [...UNLOCKED.calls, set], unchanged });
  } catch (error) {
    // Somebody came between.
    if (isRbdError(error, 'busy', 'cancelled')) return false;
    throw error;
  }
  await tellOthers(reader, headerOf(id));
  return true;
}

interface Growable {
  readonly sizeBytes: number;
  readonly order: number;
  readonly hasObjectMap: boolean;
}

async function growable(reader: ObjectReader, id: string): Promise<Growable | undefined> {
  const calls = [
    { method: 'get_size', input: HEAD },
    { method: 'get_features', input: Buffer.concat([HEAD, READ_ONLY]) },
    { method: 'get_flags', input: HEAD },
    LOCK_INFO,
  ];
  const [size, features, flags, lock] = present(await readObject(reader, headerOf(id), calls), reader) ?? [];
  if (!size || !features || !flags || !lock) return undefined;
  const names = featureNames(new Decoder(features).bits());
  // A flag says that the object map cannot be relied on.
  const isPlain = arePlain(names) && new Decoder(flags).bits() === 0n;
  if (!isPlain || isHeld(lock)) return undefined;
  const decoder = new Decoder(size);
  return { order: decoder.u8(), sizeBytes: decoder.u64(), hasObjectMap: names.includes('object-map') };
}

/** Of those who do this at once the first goes on: the map says for how many objects it is. */
async function growObjectMap(
  reader: ObjectReader,
  id: string,
  { sizeBytes: before, order }: Growable,
  sizeBytes: number,
): Promise<void> {
  const calls = [...UNLOCKED.calls, fitObjectMap(sizeBytes, order)];
  const unchanged = { beginning: encodedBytes(encodedStructure(objectCount(before, order))) };
  await changeObject(reader, objectMapOf(id), { ...UNLOCKED, calls, unchanged });
}

/** One who does not answer has died, or reads it anew when it is there again. */
async function tellOthers({ calls, io, order }: ObjectReader, object: string): Promise<void> {
  const message = [HEADER_UPDATE, HEADER_UPDATE.length, NOTIFY_MS, null, null] as const;
  const result = await calls.run(order, 'rados_notify2', io, object, ...message);
  if (result < 0 && result !== -ETIMEDOUT) throw nativeError(result, order.subject);
}
