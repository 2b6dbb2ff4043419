import { isRbdError } from '../../errors.js';
import type { ObjectReader } from './class-read.js';
import { changeObject } from './class-write.js';
import { encodedNumber } from './encoding.js';
import { idOfImage } from './image-names.js';
import { headerOf, NOT_BY_RECORDS, type PoolReaders, readHead } from './read-head.js';
import { arePlain } from './image-layout.js';
import { tellOthers, UNLOCKED } from './unlocked-image.js';

/** RBD_PROTECTION_STATUS_PROTECTED: 1 is one that is just being unprotected. */
const PROTECTED = Buffer.of(2);

/**
 * Protects a snapshot of an image whose lock nobody has; who has the image open is told.
 * @returns false where librbd has to do it, or to refuse it
 */
export async function protectSnapshot(
  reader: ObjectReader,
  pools: PoolReaders,
  name: string,
  snapshot: string,
): Promise<boolean> {
  const id = await idOfImage(reader, name);
  const head = id === undefined ? undefined : await readHead(reader, id, pools);
  if (id === undefined || head === undefined || head === NOT_BY_RECORDS || head.isLocked) return false;
  const found = head.snapshots.find(({ namespace, name }) => namespace === 'user' && name === snapshot);
  const isPlain = arePlain(head.features) && head.features.includes('layering');
  if (found === undefined || found.isProtected || !isPlain) return false;
  const set = {
    method: 'set_protection_status',
    input: Buffer.concat([encodedNumber(found.id), PROTECTED]),
  };
  try {
    await changeObject(reader, headerOf(id), { ...UNLOCKED, calls: [...UNLOCKED.calls, set] });
  } catch (error) {
    // Somebody came between: they have it open, or the snapshot is gone.
    if (isRbdError(error, 'busy', 'not-found')) return false;
    throw error;
  }
  await tellOthers(reader, id);
  return true;
}
