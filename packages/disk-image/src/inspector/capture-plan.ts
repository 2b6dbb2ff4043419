import type { ByteWindow, Region } from './byte-window.js';
import type { FormatProbe } from './format-probe.js';

/** Bytes captured from the start: up to the last volume descriptor of a disc. */
export const HEAD_LENGTH = 72 * 1024;
/** Bytes captured from the end: footers of VHD, VMDK and others. */
export const TAIL_LENGTH = 4 * 1024;
/** Bytes captured beyond head and tail, for all that the headers name together. */
export const REGION_BYTES_MAX = 128 * 1024;
/** How often formats are asked again after a capture; a VHDX needs two rounds. */
export const ROUNDS_MAX = 4;

/** The most that is ever read or kept of one image, in bytes, whatever its headers say. */
export const BYTES_READ_MAX = HEAD_LENGTH + TAIL_LENGTH + REGION_BYTES_MAX;

/** The regions the formats ask for that are not captured yet, as far as they fit into `budget` bytes. */
export function missingRegions(window: ByteWindow, probes: readonly FormatProbe[], budget: number): Region[] {
  const regions = probes
    .flatMap((probe) => probe.regions(window))
    .filter(({ offset }) => offset < Number.MAX_SAFE_INTEGER)
    .map((region) => window.missing(region))
    .filter((region) => region !== undefined);
  const fitting: Region[] = [];
  let left = budget;
  for (const region of regions.filter(({ length }) => length <= budget)) {
    left -= region.length;
    if (left >= 0) {
      fitting.push(region);
    }
  }
  return fitting;
}
