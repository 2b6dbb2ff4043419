import type { DiffExtent } from '../../model/image.js';
import type { ImageState, SnapshotState } from '../state/image-state.js';
import { intersect, type Interval, type Intervals, shift, subtract, union } from './intervals.js';
import { runsOf } from './layer.js';

/** What differs, from one state of an image to another. */
export interface DifferenceRequest {
  readonly image: ImageState;
  /** undefined for all there is. */
  readonly since: SnapshotState | undefined;
  readonly until: SnapshotState | ImageState;
  readonly range: Interval;
  readonly includeParent: boolean;
  readonly wholeObject: boolean;
}

export function differences(request: DifferenceRequest): DiffExtent[] {
  const { until, since, includeParent } = request;
  const end = Math.min(request.range.end, until.sizeBytes);
  const range = [{ start: request.range.start, end }];
  const held = rounded(request, runsOf(until, until.sizeBytes, includeParent));
  const changed = since === undefined ? held : rounded(request, changesSince(request, since));
  const there = intersect(intersect(changed, held), range);
  const gone = intersect(subtract(changed, held), range);
  const extents = [...there.map((run) => extent(run, true)), ...gone.map((run) => extent(run, false))];
  return extents.sort((one, other) => one.offset - other.offset);
}

function extent({ start, end }: Interval, exists: boolean): DiffExtent {
  return { offset: start, length: end - start, exists };
}

function rounded({ image, until, wholeObject }: DifferenceRequest, runs: Intervals): Intervals {
  if (!wholeObject) return runs;
  const size = 2 ** image.order;
  const wide = runs.map(({ start, end }) => ({
    start: Math.floor(start / size) * size,
    end: Math.min(until.sizeBytes, Math.ceil(end / size) * size),
  }));
  return union(wide, []);
}

/** What was written after the one snapshot and until the other, or until now. */
function changesSince({ image, until }: DifferenceRequest, since: SnapshotState): Intervals {
  const layers = [...image.snapshots, image];
  const size = 2 ** image.order;
  const runs = layers
    .slice(layers.indexOf(since) + 1, layers.indexOf(until) + 1)
    .flatMap(({ changes }) => [...changes])
    .flatMap(([object, intervals]) => shift(intervals, object * size));
  return union(runs, []);
}
