import type { RbdErrorCode } from '../../errors.js';
import type { CreateImageOptions } from '../../model/pool.js';
import { MIB, type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

const DEFAULTS = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];

const creations: [title: string, options: Partial<CreateImageOptions>, expected: object][] = [
  ['defaults', {}, { order: 22, features: DEFAULTS, stripeUnitBytes: 4 * MIB, stripeCount: 1 }],
  ['no bytes', { sizeBytes: 0 }, { sizeBytes: 0 }],
  ['an odd size', { sizeBytes: SIZE + 1 }, { sizeBytes: SIZE + 1 }],
  ['the smallest order', { order: 12 }, { order: 12, stripeUnitBytes: 4096 }],
  ['the largest order', { order: 25 }, { order: 25 }],
  ['layering only', { features: ['layering'] }, { features: ['layering'] }],
  ['no features', { features: [] }, { features: [] }],
  [
    'stripes',
    { features: ['layering'], stripeUnitBytes: MIB, stripeCount: 2 },
    { features: ['layering', 'striping'], stripeUnitBytes: MIB, stripeCount: 2 },
  ],
];

const wrong: [title: string, options: Partial<CreateImageOptions>, code: RbdErrorCode][] = [
  ['too small an order', { order: 11 }, 'invalid'],
  ['too large an order', { order: 26 }, 'invalid'],
  ['an unknown feature', { features: ['colour'] }, 'invalid'],
  ['object-map without exclusive-lock', { features: ['layering', 'object-map'] }, 'invalid'],
  ['a stripe that does not fit', { stripeUnitBytes: 3 * MIB, stripeCount: 2 }, 'invalid'],
  ['a negative size', { sizeBytes: -1 }, 'invalid'],
  ['half a byte', { sizeBytes: 0.5 }, 'invalid'],
  ['no number', { sizeBytes: Number.NaN }, 'invalid'],
];

const refusals: [title: string, code: RbdErrorCode, act: (scene: Scene) => Promise<unknown>][] = [
  ['an image of the same name', 'exists', async ({ pool }) => pool.createImage('image', { sizeBytes: SIZE })],
  ['an image without a name', 'invalid', async ({ pool }) => pool.createImage('', { sizeBytes: SIZE })],
  ['a NUL in a name', 'invalid', async ({ pool }) => pool.createImage('a\0b', { sizeBytes: SIZE })],
  ['to open what is not there', 'not-found', async ({ pool }) => pool.openImage('none')],
  ['to open by an unknown id', 'not-found', async ({ pool }) => pool.openImage({ id: '123abc' })],
  [
    'to open no such snapshot',
    'not-found',
    async ({ pool }) => pool.openImage('image', { snapshot: 'none' }),
  ],
  ['to remove what is not there', 'not-found', async ({ pool }) => pool.removeImage('none')],
  ['to rename what is not there', 'not-found', async ({ pool }) => pool.renameImage('none', 'other')],
  ['to rename to a name that is taken', 'exists', async ({ pool }) => pool.renameImage('image', 'second')],
  ['to rename to the same name', 'exists', async ({ pool }) => pool.renameImage('image', 'image')],
  ['no such pool', 'not-found', async ({ cluster }) => cluster.openPool('none')],
  ['the usage of no such pool', 'not-found', async ({ cluster }) => cluster.poolUsage('none')],
];

export const imageCases: readonly RbdCase[] = [
  ...creations.map(([title, options, expected]) => ({
    name: `creates an image with ${title}`,
    run: async ({ pool }: Scene): Promise<void> => {
      await pool.createImage('image', { sizeBytes: SIZE, ...options });
      await using image = await pool.openImage('image');
      const info = await image.info();
      same({ ...info, ...expected }, { ...info });
    },
  })),
  ...wrong.map(([title, options, code]) => ({
    name: `creates no image with ${title}: ${code}`,
    run: async (scene: Scene): Promise<void> => {
      await refused(code, scene.pool.createImage('image', { sizeBytes: SIZE, ...options }));
      same(await scene.imageNames(), []);
    },
  })),
  ...refusals.map(([title, code, act]) => ({
    name: `refuses ${title}: ${code}`,
    run: async (scene: Scene): Promise<void> => {
      for (const name of ['image', 'second']) await scene.pool.createImage(name, { sizeBytes: SIZE });
      await refused(code, act(scene));
      same(await scene.imageNames(), ['image', 'second']);
    },
  })),
  {
    name: 'lists images by name, and takes odd ones',
    run: async (scene: Scene): Promise<void> => {
      const names = ['Z', 'a b', 'a/b@c', 'ä', 'x'.repeat(90)];
      for (const name of [...names].reverse()) await scene.pool.createImage(name, { sizeBytes: SIZE });
      same(await scene.imageNames(), ['Z', 'a b', 'a/b@c', 'x'.repeat(90), 'ä']);
    },
  },
  {
    name: 'renames an image while it is open; the id stays',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      const { id } = await image.info();
      await scene.elsewhere.renameImage('image', 'renamed');
      same(await scene.pool.images(), [{ id, name: 'renamed' }]);
      await image.write(0, Buffer.from('still'));
      await using again = await scene.pool.openImage({ id });
      same([again.name, (await again.info()).id], ['', id]);
    },
  },
  {
    name: 'removes no image that is open for writing elsewhere',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await refused('busy', scene.elsewhere.removeImage('image'));
      await refused('busy', scene.pool.removeImage('image'));
      await image.close();
      await scene.elsewhere.removeImage('image');
      same(await scene.imageNames(), []);
    },
  },
  {
    name: 'removes an image that is open for reading',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE });
      await using image = await scene.pool.openImage('image', { readOnly: true });
      await scene.elsewhere.removeImage('image');
      same((await image.info()).sizeBytes, SIZE);
    },
  },
  {
    name: 'removes no image that has snapshots, watched or not',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.createSnapshot('snap');
      await refused('not-empty', scene.pool.removeImage('image'));
      await image.close();
      await refused('not-empty', scene.pool.removeImage('image'));
    },
  },
  {
    name: 'tells of pools and their usage',
    run: async ({ cluster, pool, otherPool }: Scene): Promise<void> => {
      const names = await cluster.pools();
      same(
        [pool, otherPool].map(({ name }) => names.includes(name)),
        [true, true],
      );
      const usage = await cluster.poolUsage(pool.name);
      same([usage.availableBytes > 0, usage.storedBytes >= 0, usage.quotaBytes], [true, true, undefined]);
      const [first] = await cluster.monitors();
      same([first?.host, first?.protocol], ['127.0.0.1', 'v2']);
    },
  },
];
