import type { DiffExtent } from '../model/image.js';

/** In order, those that touch made one. */
export function merged(extents: readonly DiffExtent[]): DiffExtent[] {
  const sorted = [...extents].sort((one, other) => one.offset - other.offset);
  const result: DiffExtent[] = [];
  for (const extent of sorted) {
    const last = result.at(-1);
    if (last?.exists === extent.exists && last.offset + last.length === extent.offset) {
      result[result.length - 1] = { ...last, length: last.length + extent.length };
    } else {
      result.push(extent);
    }
  }
  return result;
}
