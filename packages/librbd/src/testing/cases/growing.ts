import { contentOf, type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

export const growingCases: readonly RbdCase[] = [
  {
    name: 'grows an image, which keeps what it has, and stays as large as it is',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(SIZE - 4, Buffer.from('data'));
      await image.close();
      await scene.pool.growImage('image', SIZE * 3);
      await scene.pool.growImage('image', SIZE * 3);
      await using grown = await scene.pool.openImage('image');
      await grown.write(SIZE * 3 - 4, Buffer.from('more'));
      same([await contentOf(grown), (await grown.info()).sizeBytes], ['datamore', SIZE * 3]);
      same((await scene.pool.head('image'))?.sizeBytes, SIZE * 3);
    },
  },
  {
    name: 'grows an image that others write to, and who read it',
    run: async (scene: Scene): Promise<void> => {
      await using reading = await scene.image();
      await scene.pool.growImage('image', SIZE * 2);
      same((await reading.info()).sizeBytes, SIZE * 2);
      await using writing = await scene.elsewhere.openImage('image');
      await writing.write(0, Buffer.from('data'));
      await scene.pool.growImage('image', SIZE * 3);
      same((await writing.info()).sizeBytes, SIZE * 3);
      await writing.write(SIZE * 3 - 4, Buffer.from('more'));
      same(await contentOf(writing), 'datamore');
    },
  },
  {
    name: 'grows a clone without showing more of its parent',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(0, Buffer.from('data'));
      const clone = await scene.clone(image, 'clone', 2);
      await clone.resize(SIZE / 2, { allowShrink: true });
      await Promise.all([clone.close(), image.close()]);
      await scene.pool.growImage('clone', SIZE * 2);
      same((await scene.pool.head('clone'))?.parent?.overlapBytes, SIZE / 2);
      await using grown = await scene.pool.openImage('clone', { readOnly: true });
      same(await contentOf(grown), 'data');
    },
  },
  {
    name: 'shrinks nothing that is to grow, and grows nothing that is not there',
    run: async (scene: Scene): Promise<void> => {
      await (await scene.image()).close();
      await refused('invalid', scene.pool.growImage('image', SIZE / 2));
      await refused('not-found', scene.pool.growImage('none', SIZE));
      await refused('invalid', scene.pool.growImage('image', -1));
      same((await scene.pool.head('image'))?.sizeBytes, SIZE);
    },
  },
];
