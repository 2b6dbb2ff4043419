import type { ImageState, SnapshotState } from '../state/image-state.js';
import { detachHead, release } from '../state/lineage.js';
import type { Interval } from './intervals.js';
import { objectSeen, type ObjectPart, partsOf } from './layer.js';
import { ObjectData } from './object-data.js';

const DISCARD_GRAIN = 64 * 1024;

/* Changes of what an image holds. What a child sees of its parent is copied to it object by object, when that is written to. */

export function writeTo(image: ImageState, offset: number, data: Uint8Array): void {
  for (const part of partsOf(image.order, offset, data.length)) {
    const from = part.offset - offset;
    const bytes = data.subarray(from, from + part.end - part.start);
    const before = ownObject(image, part.object) ?? ObjectData.empty;
    image.objects.set(part.object, before.write(part.start, bytes));
    note(image, part.object, part);
  }
}

/** The range reads as zeroes afterwards. */
export function eraseFrom(image: ImageState, offset: number, length: number): void {
  for (const part of partsOf(image.order, offset, length)) {
    const before = ownObject(image, part.object);
    if (before === undefined) continue;
    image.objects.set(part.object, before.erase(part.start, part.end));
    note(image, part.object, part);
  }
}

/** As librbd discards: only whole runs of 64 KiB of an object. */
export function discardFrom(image: ImageState, offset: number, length: number): void {
  const size = 2 ** image.order;
  const grain = Math.min(DISCARD_GRAIN, size);
  for (const part of partsOf(image.order, offset, length)) {
    const isTail = grain === size && part.end === size;
    const start = isTail ? part.start : Math.ceil(part.start / grain) * grain;
    const end = isTail ? part.end : Math.floor(part.end / grain) * grain;
    if (end > start) eraseFrom(image, part.object * size + start, end - start);
  }
}

/** Gives an image another size. What a shrink takes away does not come back. */
export function resizeTo(image: ImageState, sizeBytes: number): void {
  if (sizeBytes < image.sizeBytes) cutOff(image, sizeBytes);
  image.sizeBytes = sizeBytes;
}

/** Copies one object of what it sees of its parent; of its snapshots too, where they are to be independent. */
export function flattenObject(image: ImageState, object: number): void {
  for (const layer of dependants(image)) {
    if (layer.objects.has(object)) continue;
    const seen = objectSeen(layer, object);
    if (seen === undefined) continue;
    layer.objects.set(object, seen);
    for (const run of seen.runs) note(layer, object, run);
  }
}

/** Ends a flatten: everything was copied. */
export function partFromParent(image: ImageState): void {
  for (const layer of dependants(image)) {
    const { parent } = layer;
    layer.parent = undefined;
    if (parent !== undefined) release(image, parent);
  }
  detachHead(image);
}

/** Puts the head back to a snapshot. */
export function rollBack(image: ImageState, snapshot: SnapshotState): void {
  const objects = new Set([...image.objects.keys(), ...snapshot.objects.keys()]);
  for (const object of objects) {
    if (image.objects.get(object) === snapshot.objects.get(object)) continue;
    note(image, object, { start: 0, end: 2 ** image.order });
  }
  image.objects = new Map(snapshot.objects);
  image.sizeBytes = snapshot.sizeBytes;
  if (snapshot.parent !== undefined) takeHidden(image, snapshot, snapshot.parent.overlapBytes);
}

/** Copies to the head what the snapshot sees of the parent and the head does not, which never sees more of it again. */
function takeHidden(image: ImageState, snapshot: SnapshotState, seenBytes: number): void {
  const size = 2 ** image.order;
  const hidden = Math.floor((image.parent?.overlapBytes ?? 0) / size);
  for (let object = hidden; object * size < seenBytes; object += 1) {
    const seen = objectSeen(snapshot, object);
    if (seen === undefined || image.objects.has(object)) continue;
    image.objects.set(object, seen);
    note(image, object, { start: 0, end: size });
  }
}

function cutOff(image: ImageState, sizeBytes: number): void {
  eraseFrom(image, sizeBytes, image.sizeBytes - sizeBytes);
  const { parent } = image;
  if (parent === undefined || parent.overlapBytes <= sizeBytes) return;
  image.parent = { ...parent, overlapBytes: sizeBytes };
}

function dependants(image: ImageState): readonly (ImageState | SnapshotState)[] {
  if (!image.features.has('deep-flatten')) return [image];
  return [image, ...image.snapshots.filter(({ parent }) => parent !== undefined)];
}

/** The object, with what it saw of its parent until now; undefined where there is nothing. */
function ownObject(image: ImageState, object: number): ObjectData | undefined {
  const own = image.objects.get(object);
  if (own !== undefined) return own;
  const seen = objectSeen(image, object);
  if (seen !== undefined) for (const run of seen.runs) note(image, object, run);
  return seen;
}

function note(
  layer: ImageState | SnapshotState,
  object: number,
  { start, end }: Interval | ObjectPart,
): void {
  const before = layer.changes.get(object) ?? [];
  layer.changes.set(object, [...before, { start, end }]);
}
