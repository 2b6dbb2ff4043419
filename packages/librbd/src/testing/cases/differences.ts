import assert from 'node:assert/strict';
import type { DiffExtent, DiffOptions, RbdImage } from '../../model/image.js';
import { diffOf, MIB, type RbdCase, refused, type Scene, SIZE } from '../scene.js';

type Span = readonly [offset: number, length: number];

interface DiffCase {
  readonly title: string;
  readonly act: (image: RbdImage, scene: Scene) => Promise<RbdImage | undefined>;
  readonly options?: DiffOptions;
  /** What has to be told as data, and as gone, at least. */
  readonly data?: readonly Span[];
  readonly gone?: readonly Span[];
  /** What must not be told. */
  readonly untouched?: readonly Span[];
}

const bytes = Buffer.alloc(4096, 'x');

const cases: readonly DiffCase[] = [
  { title: 'nothing of an empty image', act: () => Promise.resolve(undefined), untouched: [[0, SIZE]] },
  {
    title: 'what was written',
    act: async (image) => {
      await image.write(5 * MIB, bytes);
      return undefined;
    },
    data: [[5 * MIB, 4096]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'what was written since a snapshot, and nothing before',
    act: async (image) => {
      await image.write(0, bytes);
      await image.createSnapshot('snap');
      await image.write(5 * MIB, bytes);
      return undefined;
    },
    options: { since: 'snap' },
    data: [[5 * MIB, 4096]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'what is gone since a snapshot',
    act: async (image) => {
      await image.write(4 * MIB, Buffer.alloc(4 * MIB, 'x'));
      await image.createSnapshot('snap');
      await image.discard(4 * MIB, 4 * MIB);
      return undefined;
    },
    options: { since: 'snap' },
    gone: [[4 * MIB, 4 * MIB]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'what a shrink took, where it has grown again',
    act: async (image) => {
      await image.write(4 * MIB, Buffer.alloc(4 * MIB, 'x'));
      await image.createSnapshot('snap');
      await image.resize(4 * MIB, { allowShrink: true });
      await image.resize(SIZE);
      return undefined;
    },
    options: { since: 'snap' },
    gone: [[4 * MIB, 4 * MIB]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'what was written in between though the snapshot of it is gone',
    act: async (image) => {
      await image.createSnapshot('snap');
      await image.write(0, bytes);
      await image.createSnapshot('middle');
      await image.write(4 * MIB, bytes);
      await image.removeSnapshot('middle');
      return undefined;
    },
    options: { since: 'snap' },
    data: [
      [0, 4096],
      [4 * MIB, 4096],
    ],
  },
  {
    title: 'what differs from one snapshot to the next',
    act: async (image, scene) => {
      await image.write(0, bytes);
      await image.createSnapshot('snap');
      await image.write(4 * MIB, bytes);
      await image.createSnapshot('next');
      await image.write(0, bytes);
      return scene.pool.openImage('image', { snapshot: 'next' });
    },
    options: { since: 'snap' },
    data: [[4 * MIB, 4096]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'whole objects',
    act: async (image) => {
      await image.write(5 * MIB, bytes);
      await image.flush();
      return undefined;
    },
    options: { wholeObject: true },
    data: [[4 * MIB, 4 * MIB]],
    untouched: [[0, 4 * MIB]],
  },
  {
    title: 'only what is asked for',
    act: async (image) => {
      await image.write(0, Buffer.alloc(SIZE, 'x'));
      return undefined;
    },
    options: { offset: MIB, length: MIB },
    data: [[MIB, MIB]],
    untouched: [
      [0, MIB],
      [2 * MIB, SIZE - 2 * MIB],
    ],
  },
  {
    title: 'nothing of the parent unless asked for',
    act: async (image, scene) => {
      await image.write(5 * MIB, bytes);
      return scene.clone(image, 'child', 2);
    },
    untouched: [[0, SIZE]],
  },
  {
    title: 'what comes from the parent, where asked for',
    act: async (image, scene) => {
      await image.write(5 * MIB, bytes);
      const child = await scene.clone(image, 'child', 2);
      await child.write(0, bytes);
      return child;
    },
    options: { includeParent: true },
    data: [
      [0, 4096],
      [5 * MIB, 4096],
    ],
  },
];

export const differenceCases: readonly RbdCase[] = [
  ...cases.map(({ title, act, options, data = [], gone = [], untouched = [] }) => ({
    name: `tells ${title}`,
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using other = await act(image, scene);
      const extents = await diffOf(other ?? image, options);
      inOrder(extents);
      for (const span of data) covers(extents, span, true);
      for (const span of gone) covers(extents, span, false);
      for (const span of untouched) assert.deepEqual(within(extents, span), []);
    },
  })),
  {
    name: 'refuses what differs from no snapshot, and from a later one',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('early');
      await image.createSnapshot('late');
      await refused('not-found', diffOf(image, { since: 'none' }));
      await using early = await scene.pool.openImage('image', { snapshot: 'early' });
      await refused('invalid', diffOf(early, { since: 'late' }));
    },
  },
];

function inOrder(extents: readonly DiffExtent[]): void {
  let end = 0;
  for (const { offset, length } of extents) {
    assert.ok(offset >= end && length > 0, `in order: ${JSON.stringify(extents)}`);
    end = offset + length;
  }
}

function within(extents: readonly DiffExtent[], [offset, length]: Span): DiffExtent[] {
  return extents.filter(
    (extent) => extent.offset < offset + length && extent.offset + extent.length > offset,
  );
}

function covers(extents: readonly DiffExtent[], span: Span, exists: boolean): void {
  const [offset, length] = span;
  let covered = 0;
  for (const extent of within(extents, span).filter((found) => found.exists === exists)) {
    const end = Math.min(extent.offset + extent.length, offset + length);
    covered += end - Math.max(extent.offset, offset);
  }
  assert.equal(covered, length, `${JSON.stringify(span)} in ${JSON.stringify(extents)}`);
}
