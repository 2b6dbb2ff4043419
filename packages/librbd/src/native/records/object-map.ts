import type { ClassCall } from './class-read.js';
import { encodedNumber } from './encoding.js';

/** OBJECT_NONEXISTENT. */
const NO_OBJECT = Buffer.of(0);

/** The object that tells which objects of an image there are. */
export function objectMapOf(id: string): string {
  return `rbd_object_map.${id}`;
}

/** How many objects an image of this size has, as Ceph writes it. */
export function objectCount(sizeBytes: number, order: number): Buffer {
  return encodedNumber(Math.ceil(sizeBytes / 2 ** order));
}

/** Makes an object map fit an image of this size, with objects that are not there yet. */
export function fitObjectMap(sizeBytes: number, order: number): ClassCall {
  return { method: 'object_map_resize', input: Buffer.concat([objectCount(sizeBytes, order), NO_OBJECT]) };
}

/** The one of a snapshot: what there was when it was taken. */
export function objectMapAt(id: string, snapshotId: number): string {
  return `${objectMapOf(id)}.${snapshotId.toString(16).padStart(16, '0')}`;
}

/** Says of every object that it has not changed since the snapshot that was taken last. */
export const NOTE_SNAPSHOT: ClassCall = { method: 'object_map_snap_add' };

/** More than the object map of so many objects has: two bits for each, a sum for each 4 KiB, and some words. */
export function roomOfObjectMap(sizeBytes: number, order: number): number {
  return Math.ceil((Math.ceil(sizeBytes / 2 ** order) / 4) * 1.01) + 8192;
}
