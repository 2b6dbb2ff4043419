import { isRbdError } from '../../errors.js';
import type { ImageHead } from '../../model/head.js';
import { rbdError } from '../errno.js';
import { featureBits } from '../features.js';
import { changeObject, removeObject } from './class-write.js';
import type { ClassCall, ObjectReader } from './class-read.js';
import { encodedNumber, encodedStructure, encodedText } from './encoding.js';
import type { PlainLayout } from './image-layout.js';
import { fitObjectMap, objectMapOf } from './object-map.js';
import { headerOf } from './read-head.js';

const NO_DATA_POOL = encodedNumber(-1n);
/** RBD_OPERATION_FEATURE_CLONE_CHILD. */
const CLONE_CHILD = encodedNumber(2);

/** A new image, and what it is a child of. */
export interface NewImage {
  readonly name: string;
  /** Nobody else has ever had it. */
  readonly id: string;
  readonly layout: PlainLayout;
  readonly parent?: NewParent;
}

export interface NewParent {
  readonly poolId: number;
  readonly head: ImageHead;
  readonly snapshotId: number;
  readonly overlapBytes: number;
  /** Its metadata, which the child gets too; as the OSD gave it. */
  readonly metadata: Buffer;
  readonly reader: ObjectReader;
  /** Of the child. */
  readonly childPoolId: number;
}

/**
 * Makes an image as librbd does, object for object and in its order, so that what is cut off in the middle is removed by
 * librbd as what it has left itself. One call does not see what another one of the same change does: hence so many.
 * @throws RbdError `exists`
 */
export async function makeImage(reader: ObjectReader, image: NewImage): Promise<void> {
  await makeImageIf(Promise.resolve(true), reader, image);
}

/**
 * As {@link makeImage}; what has to be known first is found out meanwhile.
 * @returns false where it is not to be made: what was begun is taken back
 */
export async function makeImageIf(
  wanted: Promise<boolean>,
  reader: ObjectReader,
  image: NewImage,
): Promise<boolean> {
  const [added, looked] = await Promise.allSettled([changeDirectory(reader, image, 'dir_add_image'), wanted]);
  if (added.status === 'rejected') throw added.reason;
  let isMade = false;
  await orUndo(
    async () => {
      if (looked.status === 'rejected') throw looked.reason;
      isMade = looked.value;
      await (isMade ? makeNamed(reader, image) : changeDirectory(reader, image, 'dir_remove_image'));
    },
    async () => changeDirectory(reader, image, 'dir_remove_image'),
  );
  return isMade;
}

async function changeDirectory(
  reader: ObjectReader,
  { name, id }: NewImage,
  method: 'dir_add_image' | 'dir_remove_image',
): Promise<void> {
  const input = Buffer.concat([encodedText(name), encodedText(id)]);
  await changeObject(reader, 'rbd_directory', { calls: [{ method, input }] });
}

async function makeNamed(reader: ObjectReader, image: NewImage): Promise<void> {
  const { name, id } = image;
  const set = [{ method: 'set_id', input: encodedText(id) }];
  await changeObject(reader, `rbd_id.${name}`, { isNew: true, calls: set });
  await orUndo(
    async () => makeHeader(reader, image),
    async () => removeObject(reader, `rbd_id.${name}`),
  );
}

async function makeHeader(reader: ObjectReader, image: NewImage): Promise<void> {
  const { id } = image;
  try {
    await changeObject(reader, headerOf(id), { isNew: true, calls: [createCall(image)] });
  } catch (error) {
    // Nothing of what is called by this id is ours then.
    if (!isRbdError(error, 'exists')) throw error;
    const text = 'another image has the id that was made up for it: try again';
    throw rbdError('failed', reader.order.subject, text, { cause: error });
  }
  await orUndo(
    async () => makeRest(reader, image),
    async () => {
      for (const object of [objectMapOf(id), headerOf(id)]) await removeObject(reader, object);
    },
  );
}

async function makeRest(reader: ObjectReader, { id, layout, parent }: NewImage): Promise<void> {
  if (hasObjectMap(layout, reader)) await makeObjectMap(reader, id, layout);
  if (parent === undefined) return;
  await changeObject(reader, headerOf(id), { calls: parentCalls(parent) });
  await attachToParent(parent, id);
}

/** Takes back what was made before, in a full pool too; where nobody answers, a removal of the image does it later. */
async function orUndo(work: () => Promise<void>, undo: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isAnswered = !isRbdError(error, 'timed-out', 'disconnected', 'cancelled');
    // What is wrong with this says less than what was wrong first.
    if (isAnswered) await Promise.allSettled([undo()]);
    throw error;
  }
}

async function makeObjectMap(
  reader: ObjectReader,
  id: string,
  { sizeBytes, order }: PlainLayout,
): Promise<void> {
  await changeObject(reader, objectMapOf(id), { calls: [fitObjectMap(sizeBytes, order)] });
}

function hasObjectMap({ features }: PlainLayout, { order }: ObjectReader): boolean {
  return (features & featureBits(['object-map'], order.subject)) !== 0n;
}

function createCall({ id, layout }: NewImage): ClassCall {
  const { sizeBytes, order, features } = layout;
  const size = [encodedNumber(sizeBytes), Buffer.of(order)];
  const prefix = encodedText(`rbd_data.${id}`);
  const create = Buffer.concat([...size, encodedNumber(features), prefix, NO_DATA_POOL]);
  return { method: 'create', input: create };
}

function parentCalls({ poolId, head, snapshotId, overlapBytes, metadata }: NewParent): ClassCall[] {
  const names = [encodedNumber(poolId), encodedText(''), encodedText(head.id)];
  const spec = encodedStructure(Buffer.concat([...names, encodedNumber(snapshotId)]));
  const attach = Buffer.concat([spec, encodedNumber(overlapBytes), Buffer.of(0)]);
  const calls = [
    { method: 'parent_attach', input: attach },
    { method: 'op_features_set', input: Buffer.concat([CLONE_CHILD, CLONE_CHILD]) },
  ];
  const hasMetadata = metadata.readUInt32LE(0) > 0;
  return hasMetadata ? [...calls, { method: 'metadata_set', input: metadata }] : calls;
}

async function attachToParent(
  { head, snapshotId, reader, childPoolId }: NewParent,
  childId: string,
): Promise<void> {
  const child = Buffer.concat([encodedNumber(childPoolId), encodedText(childId), encodedText('')]);
  const input = Buffer.concat([encodedNumber(snapshotId), encodedStructure(child, 2)]);
  await changeObject(reader, headerOf(head.id), { calls: [{ method: 'child_attach', input }] });
}
