import { ETIMEDOUT, nativeError } from '../errno.js';
import { featureNames } from '../features.js';
import { takeBytes } from '../buffers.js';
import { Words } from '../words.js';
import { type ClassCall, type ObjectReader, readObject } from './class-read.js';
import type { ObjectChange } from './class-write.js';
import { Decoder, encodedStructure, encodedText } from './encoding.js';
import { isHeld } from './formats.js';
import { arePlain } from './image-layout.js';
import { present } from './image-names.js';
import { HEAD, headerOf, LOCK, LOCK_INFO, READ_ONLY } from './read-head.js';

/** ClsLockType EXCLUSIVE. */
const EXCLUSIVE = Buffer.of(1);
const NOTHING = encodedText('');
/** Without an end, and without flags. */
const FOR_EVER = Buffer.alloc(9);
/** NOTIFY_OP_HEADER_UPDATE, in a message as the first version had it. */
const HEADER_UPDATE = encodedStructure(Buffer.of(3, 0, 0, 0));
const NOTIFY_MS = 10_000;

/**
 * That nobody has an object's lock: taking it fails otherwise, and it is put back in the same change. Who gets the lock
 * later reads what has changed; so nothing is changed under anybody who relies on it.
 */
export const UNLOCKED: Pick<ObjectChange, 'calls' | 'without'> = {
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

/** An image that has nothing out of the ordinary, and whose lock nobody has. */
export interface UnlockedImage {
  readonly sizeBytes: number;
  readonly order: number;
  readonly features: readonly string[];
}

/** undefined where librbd has to do what is to be done with it. */
export async function readUnlocked(reader: ObjectReader, id: string): Promise<UnlockedImage | undefined> {
  const calls: readonly ClassCall[] = [
    { method: 'get_size', input: HEAD },
    { method: 'get_features', input: Buffer.concat([HEAD, READ_ONLY]) },
    { method: 'get_flags', input: HEAD },
    LOCK_INFO,
  ];
  const [size, bits, flags, lock] = present(await readObject(reader, headerOf(id), calls), reader) ?? [];
  if (!size || !bits || !flags || !lock) return undefined;
  const features = featureNames(new Decoder(bits).bits());
  // A flag says that the object map cannot be relied on.
  const isPlain = arePlain(features) && new Decoder(flags).bits() === 0n;
  if (!isPlain || isHeld(lock)) return undefined;
  const decoder = new Decoder(size);
  return { order: decoder.u8(), sizeBytes: decoder.u64(), features };
}

/**
 * Has those who have an image open read anew what it is. One who does not answer in time has died, or reads it when it
 * is there again.
 * @returns whether there was anybody
 */
export async function tellOthers(
  { calls, io, order }: ObjectReader,
  id: string,
  waitMs = NOTIFY_MS,
): Promise<boolean> {
  const reply = new Words(2);
  const message = [HEADER_UPDATE, HEADER_UPDATE.length, waitMs, reply.from(0), reply.from(1)] as const;
  const result = await calls.run(order, 'rados_notify2', io, headerOf(id), ...message);
  const said = takeBytes(calls.library, reply.at(0), reply.number(1));
  if (result === -ETIMEDOUT) return true;
  if (result < 0) throw nativeError(result, order.subject);
  return hasAnybody(said);
}

/** Those who answered, and if there were none, those who did not. */
function hasAnybody(reply: Buffer): boolean {
  const decoder = new Decoder(reply);
  return decoder.u32() > 0 || decoder.u32() > 0;
}
