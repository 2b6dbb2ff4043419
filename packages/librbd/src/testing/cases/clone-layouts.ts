import { contentOf, MIB, type RbdCase, refused, same, type Scene, SIZE, snapshotNamed } from '../scene.js';

export const cloneLayoutCases: readonly RbdCase[] = [
  {
    name: 'makes no clone of a snapshot without bytes: invalid',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image('image', 0);
      await image.createSnapshot('snap');
      const parent = { parentImage: 'image', parentSnapshot: 'snap' };
      await refused('invalid', scene.pool.cloneImage('child', { ...parent, format: 2 }));
      await refused('exists', scene.pool.cloneImage('image', { ...parent, format: 2 }));
      same(await scene.imageNames(), ['image']);
    },
  },
  {
    name: 'clones across pools, with a layout of its own',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(MIB, Buffer.from('from afar'));
      await image.createSnapshot('snap');
      const parent = { parentPool: scene.pool.name, parentImage: 'image', parentSnapshot: 'snap' };
      const layout = { order: 23, features: ['layering', 'exclusive-lock'] };
      await scene.otherPool.cloneImage('child', { ...parent, ...layout, format: 2 });
      await using child = await scene.otherPool.openImage('child');
      const { order, features, sizeBytes } = await child.info();
      same(
        [order, features, sizeBytes],
        [23, ['layering', 'striping', 'exclusive-lock', 'operations'], SIZE],
      );
      same([await contentOf(child), (await child.parent())?.pool], ['from afar', scene.pool.name]);
      const { id } = await snapshotNamed(image, 'snap');
      same((await image.children(id))[0]?.pool, scene.otherPool.name);
      await child.flatten();
      same(await contentOf(child), 'from afar');
    },
  },
  {
    name: 'marks parents and children of format 2, as long as they are',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      const before = (await image.info()).features;
      const child = await scene.clone(image, 'child', 2);
      await child.close();
      for (const name of ['image', 'child']) {
        await using marked = await scene.pool.openImage(name, { readOnly: true });
        same((await marked.info()).features, [...before, 'operations']);
      }
      await scene.pool.removeImage('child');
      await using unmarked = await scene.pool.openImage('image', { readOnly: true });
      same((await unmarked.info()).features, before);
      await using first = await scene.clone(image, 'first', 1, 'one');
      same([(await first.info()).features, (await image.info()).features], [before, before]);
    },
  },
  {
    name: 'stripes a clone as its parent is, or as it is told',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE, stripeUnitBytes: MIB, stripeCount: 2 });
      await using image = await scene.pool.openImage('image');
      await image.write(3 * MIB, Buffer.from('striped'));
      await image.createSnapshot('snap');
      const parent = { parentImage: 'image', parentSnapshot: 'snap', format: 2 } as const;
      await refused('invalid', scene.pool.cloneImage('small', { ...parent, order: 19 }));
      await scene.pool.cloneImage('same', parent);
      await scene.pool.cloneImage('other', {
        ...parent,
        order: 19,
        stripeUnitBytes: MIB / 2,
        stripeCount: 1,
      });
      await using alike = await scene.pool.openImage('same');
      await using other = await scene.pool.openImage('other');
      const [one, two] = [await alike.info(), await other.info()];
      same([one.stripeUnitBytes, one.stripeCount], [MIB, 2]);
      same([two.stripeUnitBytes, two.stripeCount, two.order], [MIB / 2, 1, 19]);
      same([await contentOf(alike), await contentOf(other)], ['striped', 'striped']);
    },
  },
  {
    name: 'gives a clone the order, the features and the metadata of its parent',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE, order: 21, features: ['layering'] });
      await using image = await scene.pool.openImage('image');
      await image.setMetadata('owner', 'me');
      await using child = await scene.clone(image, 'child', 2);
      const { order, features } = await child.info();
      same([order, features, await child.metadataValue('owner')], [21, ['layering', 'operations'], 'me']);
    },
  },
];
