import type { DiffExtent } from '@scoria/librbd';
import { collect } from '@scoria/testkit';
import { asDeviceExtents } from './device-extents.js';

async function* stream(extents: readonly DiffExtent[]): AsyncGenerator<DiffExtent> {
  await Promise.resolve();
  yield* extents;
}

const data = (offset: number, length: number): DiffExtent => ({ offset, length, exists: true });
const hole = (offset: number, length: number): DiffExtent => ({ offset, length, exists: false });

describe('asDeviceExtents', () => {
  it.each<[string, DiffExtent[], string]>([
    ['nothing', [], '0-100 zero'],
    ['all', [data(0, 100)], '0-100 data'],
    ['a run in the middle', [data(10, 20)], '0-10 zero, 10-30 data, 30-100 zero'],
    ['runs that touch', [data(0, 10), data(10, 10)], '0-20 data, 20-100 zero'],
    ['what was trimmed beside a gap', [hole(0, 10), data(50, 50)], '0-50 zero, 50-100 data'],
    [
      'what was trimmed between data',
      [data(0, 10), hole(10, 5), data(15, 85)],
      '0-10 data, 10-15 zero, 15-100 data',
    ],
    ['an object that goes beyond the end', [data(90, 4096)], '0-90 zero, 90-100 data'],
    ['what is beyond the end', [data(0, 100), data(100, 50)], '0-100 data'],
    ['runs that overlap', [data(0, 20), data(10, 20)], '0-30 data, 30-100 zero'],
  ])('%s', async (_, extents, expected) => {
    const found = await collect(asDeviceExtents(stream(extents), 100));
    const shown = found.map(({ offset, length, kind }) => `${offset}-${offset + length} ${kind}`);
    expect(shown.join(', ')).toBe(expected);
  });
});
