import type { ByteWindow } from './byte-window.js';

/** A header extension of a qcow2 image; `offset` and `length` are those of its data. */
export interface Qcow2Extension {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * Extensions are looked for in this many bytes from the start of the image.
 * Writers use a few hundred; the format would allow the whole first cluster.
 */
export const QCOW2_EXTENSION_AREA_MAX = 64 * 1024;

const COUNT_MAX = 64;

/** The extensions of a header, as far as the walk came. */
export interface Qcow2ExtensionWalk {
  readonly extensions: Qcow2Extension[];
  /** False when the walk leaves the area, or does not end within the limits. */
  readonly complete: boolean;
  /** Offset behind the last byte the walk looked at. */
  readonly scanned: number;
}

/** Walks the header extensions between `start` and `end`. */
export function readQcow2Extensions(window: ByteWindow, start: number, end: number): Qcow2ExtensionWalk {
  const extensions: Qcow2Extension[] = [];
  const limit = Math.min(end, QCOW2_EXTENSION_AREA_MAX);
  let at = start;
  // With less than one extension's header left, QEMU ends as well.
  while (at + 8 <= end) {
    const offset = at + 8;
    if (offset > limit || extensions.length >= COUNT_MAX) {
      return { extensions, complete: false, scanned: at };
    }
    const type = window.u32be(at);
    const length = window.u32be(at + 4);
    if (type === 0) {
      return { extensions, complete: true, scanned: offset };
    }
    if (offset + length > limit) {
      return { extensions, complete: false, scanned: offset };
    }
    extensions.push({ type, offset, length });
    at = offset + Math.ceil(length / 8) * 8;
  }
  return { extensions, complete: true, scanned: Math.min(at, limit) };
}
