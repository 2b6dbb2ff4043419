import type { ByteSource } from './byte-source.js';
import { ByteWindow } from './byte-window.js';
import { HEAD_LENGTH, missingRegions, REGION_BYTES_MAX, ROUNDS_MAX, TAIL_LENGTH } from './capture-plan.js';
import type { FormatProbe } from './format-probe.js';
import type { ImageReport } from './image-report.js';
import { buildReport, PROBES } from './report-builder.js';

/**
 * Inspects an image by its headers: at most `BYTES_READ_MAX` bytes are read,
 * whatever the image says, and hostile bytes become findings.
 *
 * @throws only what `source.read` throws.
 */
export async function inspectImage(source: ByteSource): Promise<ImageReport> {
  const window = new ByteWindow(source.size);
  window.add(0, await source.read(0, Math.min(HEAD_LENGTH, source.size)));
  const tail = window.missing({
    offset: Math.max(0, source.size - TAIL_LENGTH),
    length: TAIL_LENGTH,
  });
  if (tail !== undefined) {
    window.add(tail.offset, await source.read(tail.offset, tail.length));
  }
  await captureMissing(source, window, PROBES);
  return buildReport(window);
}

/** Reads what the probes ask for, in rounds: one structure names the next. */
export async function captureMissing(
  source: ByteSource,
  window: ByteWindow,
  probes: readonly FormatProbe[],
): Promise<void> {
  let budget = REGION_BYTES_MAX;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const regions = missingRegions(window, probes, budget);
    if (regions.length === 0) {
      return;
    }
    for (const { offset, length } of regions) {
      budget -= length;
      window.add(offset, await source.read(offset, length));
    }
  }
}
