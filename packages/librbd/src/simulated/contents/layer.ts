import { type Intervals, shift, union } from './intervals.js';
import { ObjectData } from './object-data.js';

/** What one object of an image, or a part of one, is about. */
export interface ObjectPart {
  readonly object: number;
  /** Within the object. */
  readonly start: number;
  readonly end: number;
  /** Of its first byte within the image. */
  readonly offset: number;
}

/** Where a layer has what it does not hold itself. */
export interface LayerBelow {
  readonly layer: Layer;
  /** How much of it is seen, in bytes. */
  readonly overlapBytes: number;
}

/** The contents of an image or of a snapshot: objects, and what is below where there are none. */
export interface Layer {
  readonly order: number;
  readonly objects: Map<number, ObjectData>;
  readonly below: LayerBelow | undefined;
}

/** A range of bytes, cut at the borders of objects. */
export function partsOf(order: number, offset: number, length: number): ObjectPart[] {
  const size = 2 ** order;
  const parts: ObjectPart[] = [];
  for (let at = offset; at < offset + length;) {
    const object = Math.floor(at / size);
    const start = at - object * size;
    const end = Math.min(size, start + offset + length - at);
    parts.push({ object, start, end, offset: at });
    at += end - start;
  }
  return parts;
}

/** Fills `target`, which has to be zeroes, with what is there from `offset` on. */
export function readLayer(layer: Layer, offset: number, target: Buffer): void {
  for (const part of partsOf(layer.order, offset, target.length)) {
    const place = target.subarray(part.offset - offset, part.offset - offset + part.end - part.start);
    const own = layer.objects.get(part.object);
    if (own !== undefined) own.copyTo(place, part.start);
    else if (layer.below !== undefined && part.offset < layer.below.overlapBytes) {
      const seen = Math.min(place.length, layer.below.overlapBytes - part.offset);
      readLayer(layer.below.layer, part.offset, place.subarray(0, seen));
    }
  }
}

/** What an object holds, be it the layer's own or seen from below; undefined where there is nothing. */
export function objectSeen(layer: Layer, object: number): ObjectData | undefined {
  const own = layer.objects.get(object);
  if (own !== undefined || layer.below === undefined) return own;
  const size = 2 ** layer.order;
  const first = object * size;
  const { layer: below, overlapBytes } = layer.below;
  const length = Math.min(size, overlapBytes - first);
  if (length <= 0) return undefined;
  let data: ObjectData | undefined;
  for (const part of partsOf(below.order, first, length)) {
    const found = objectSeen(below, part.object);
    if (found === undefined) continue;
    data = (data ?? ObjectData.empty).take(found, part.start, part.end, part.offset - first - part.start);
  }
  return data;
}

/** Where a layer has bytes, with what is seen from below or without. */
export function runsOf(layer: Layer, sizeBytes: number, withBelow: boolean): Intervals {
  const size = 2 ** layer.order;
  const runs: { start: number; end: number }[] = [];
  const count = Math.ceil(sizeBytes / size);
  const objects = withBelow && layer.below !== undefined ? numbers(count) : [...layer.objects.keys()];
  for (const object of objects) {
    const data = withBelow ? objectSeen(layer, object) : layer.objects.get(object);
    if (data !== undefined) runs.push(...shift(data.runs, object * size));
  }
  return union(runs, []);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
