import { MIB, throwIfCancelled } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import type { RbdImage, RbdPool } from '@scoria/librbd';

const PIECE_BYTES = 4 * MIB;

interface SnapshotOf {
  readonly name: string;
  readonly snapshot: string;
}

/**
 * Writes what a snapshot holds over what has changed since. A rollback does not do for an image that is independent of
 * its parent while its snapshot is not: it would take the parent's data for none. Can be repeated; cut off, a part is
 * done.
 */
export async function copyBack(
  pool: RbdPool,
  image: RbdImage,
  { name, snapshot }: SnapshotOf,
  context: OperationContext,
): Promise<void> {
  await using source = await pool.openImage(name, { snapshot });
  const [{ sizeBytes: total }, { sizeBytes }] = await Promise.all([image.info(), source.info()]);
  for await (const { offset, length } of image.diff({ since: snapshot, wholeObject: true })) {
    await copyRange(source, image, { offset, end: Math.min(offset + length, sizeBytes) }, context);
    context.progress({ done: offset + length, total });
  }
  if (total > sizeBytes) await image.writeZeroes(sizeBytes, total - sizeBytes);
  await image.flush();
}

async function copyRange(
  source: RbdImage,
  image: RbdImage,
  range: { readonly offset: number; readonly end: number },
  context: OperationContext,
): Promise<void> {
  for (let { offset } = range; offset < range.end; offset += PIECE_BYTES) {
    throwIfCancelled(context);
    const length = Math.min(PIECE_BYTES, range.end - offset);
    await image.write(offset, await source.read(offset, length));
  }
}
