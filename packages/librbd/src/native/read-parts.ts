/**
 * Half an object of the usual size. librbd hands a read on by copying it when all of it is there: in halves, one is
 * copied while the other is still coming. Smaller ones cost the cluster more than they save.
 */
const PART = 2 * 2 ** 20;

/** A range of the image, and where it begins in what was asked for. */
export interface ReadPart {
  readonly offset: number;
  readonly from: number;
  readonly length: number;
}

/** What a read is asked for in, at once: in order, without gaps, none across a multiple of the size of a part. */
export function readParts(offset: number, length: number): readonly ReadPart[] {
  const parts: ReadPart[] = [];
  for (let at = offset; at < offset + length;) {
    const end = Math.min(at - (at % PART) + PART, offset + length);
    parts.push({ offset: at, from: at - offset, length: end - at });
    at = end;
  }
  return parts;
}
