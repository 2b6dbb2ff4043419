import { isRbdError } from '../../errors.js';
import type { RbdImage } from '../../model/image.js';
import type { RbdPool } from '../../model/pool.js';
import { RANDOM_ORDER, type RandomCall } from './random-calls.js';

const FEATURES = ['layering', 'exclusive-lock', 'object-map', 'fast-diff'];

/**
 * Makes the call.
 * @param seed what is written: two clusters are written the same
 * @returns `done`, or the code it was refused with
 */
export async function makeCall(pool: RbdPool, call: RandomCall, seed: number): Promise<string> {
  try {
    await onPool(pool, call, seed);
    return 'done';
  } catch (error) {
    if (isRbdError(error)) return error.code;
    throw error;
  }
}

async function onPool(pool: RbdPool, call: RandomCall, seed: number): Promise<void> {
  const { image } = call;
  switch (call.kind) {
    case 'create': {
      const features = call.deep ? [...FEATURES, 'deep-flatten'] : FEATURES;
      return pool.createImage(image, { sizeBytes: call.sizeBytes, order: RANDOM_ORDER, features });
    }
    case 'clone': {
      const { parent, snapshot, format } = call;
      return pool.cloneImage(image, { parentImage: parent, parentSnapshot: snapshot, format });
    }
    case 'remove':
      return pool.removeImage(image);
    case 'grow':
      return pool.growImage(image, call.sizeBytes);
    case 'snapshot-closed':
      return pool.createSnapshot(image, call.snapshot);
    case 'protect-closed':
      return pool.protectSnapshot(image, call.snapshot);
    case 'rename':
      return pool.renameImage(image, call.to);
    case 'trash':
      return pool.moveToTrash(image, 0);
    case 'remove-trashed':
      return pool.removeFromTrash(await trashed(pool, image), { force: true });
    case 'restore':
      return pool.restoreFromTrash(await trashed(pool, image), image);
    default: {
      await using opened = await pool.openImage(image);
      await onImage(opened, call, seed);
    }
  }
}

async function onImage(image: RbdImage, call: RandomCall, seed: number): Promise<void> {
  switch (call.kind) {
    case 'write':
      return image.write(call.offset, Buffer.alloc(call.length, `<${String(seed)}>`));
    case 'zero':
      return image.writeZeroes(call.offset, call.length);
    case 'discard':
      return image.discard(call.offset, call.length);
    case 'resize':
      return image.resize(call.sizeBytes, { allowShrink: true });
    case 'flatten':
      return image.flatten();
    case 'snapshot':
      return image.createSnapshot(call.snapshot);
    case 'remove-snapshot':
      return image.removeSnapshot(call.snapshot);
    case 'protect':
      return image.protectSnapshot(call.snapshot);
    case 'unprotect':
      return image.unprotectSnapshot(call.snapshot);
    case 'rollback':
      return image.rollback(call.snapshot);
    case 'rename-snapshot':
      return image.renameSnapshot(call.snapshot, call.to);
    default:
      throw new Error(`${call.kind} is not about an open image`);
  }
}

/** The id of the image of this name that was trashed first; one that does not exist where there is none. */
async function trashed(pool: RbdPool, name: string): Promise<string> {
  return (await pool.trash()).find((entry) => entry.name === name)?.id ?? 'none';
}
