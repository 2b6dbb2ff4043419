import { type RbdCase, refused, same, SIZE, type Scene } from '../scene.js';

export const handleCases: readonly RbdCase[] = [
  {
    name: 'closes an image once, and refuses calls afterwards',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await Promise.all([image.close(), image.close()]);
      await image.close();
      await refused('closed', image.info());
      await refused('closed', image.read(0, 1));
      await refused('closed', image.createSnapshot('snap'));
    },
  },
  {
    name: 'ends calls under way before it closes',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      const writes = [0, 1, 2, 3].map((index) => image.write(index, Buffer.from(String(index))));
      await Promise.all([...writes, image.close()]);
      await using again = await scene.pool.openImage('image');
      same((await again.read(0, 4)).toString(), '0123');
    },
  },
  {
    name: 'closes with a pool what was opened of it',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE });
      const pool = await scene.cluster.openPool(scene.pool.name);
      const image = await pool.openImage('image');
      await pool.close();
      await refused('closed', image.info());
      await refused('closed', pool.images());
      await scene.pool.removeImage('image');
    },
  },
  {
    name: 'closes a pool when the last image of it is closed, where that is wanted',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE });
      const pool = await scene.cluster.openPool(scene.pool.name);
      const [one, other] = [await pool.openImage('image'), await pool.openImage('image', { readOnly: true })];
      let isClosed = false;
      const closing = pool.closeWhenUnused().then(() => (isClosed = true));
      await one.write(0, Buffer.from('x'));
      await one.close();
      same([(await other.read(0, 1)).toString(), isClosed], ['x', false]);
      await pool.head('image');
      await other.close();
      await closing;
      await refused('closed', pool.head('image'));
    },
  },
  {
    name: 'closes a pool at once that nobody uses, or that is closed while it waits for that',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: SIZE });
      const unused = await scene.cluster.openPool(scene.pool.name);
      await unused.closeWhenUnused();
      await refused('closed', unused.head('image'));
      const pool = await scene.cluster.openPool(scene.pool.name);
      const image = await pool.openImage('image');
      const closing = pool.closeWhenUnused();
      await pool.close();
      await closing;
      await refused('closed', image.read(0, 1));
    },
  },
];
