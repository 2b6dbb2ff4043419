import { type RbdCase, refused, same, type Scene } from '../scene.js';

const OBJECT = 'scoria-test-keys';

async function keysOf({ pool }: Scene): Promise<[string, string][]> {
  return Array.from(await pool.keys(OBJECT), ([key, value]) => [key, value.toString()]);
}

export const keyCases: readonly RbdCase[] = [
  {
    name: 'keeps keys of an object, in their order, until it is removed',
    run: async (scene: Scene): Promise<void> => {
      const { pool, elsewhere } = scene;
      same(await keysOf(scene), []);
      await refused('not-found', pool.removeObject(OBJECT));
      await pool.removeKeys(OBJECT, ['none']);
      await pool.setKeys(
        OBJECT,
        new Map([
          ['b', Buffer.from('2')],
          ['a', Buffer.from('')],
          ['ä', Buffer.from('3')],
        ]),
      );
      await elsewhere.setKeys(OBJECT, new Map([['b', Buffer.from('two')]]));
      same(await keysOf(scene), [
        ['a', ''],
        ['b', 'two'],
        ['ä', '3'],
      ]);
      await pool.removeKeys(OBJECT, ['a', 'none']);
      await pool.removeKeys(OBJECT, []);
      same(
        (await keysOf(scene)).map(([key]) => key),
        ['b', 'ä'],
      );
      same(await scene.imageNames(), []);
      await pool.removeObject(OBJECT);
      same(await keysOf(scene), []);
    },
  },
  {
    name: 'makes an object that has no keys',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.setKeys(OBJECT, new Map());
      same(await keysOf(scene), []);
      await scene.pool.removeObject(OBJECT);
    },
  },
  {
    name: 'gives more keys than fit into one answer',
    run: async (scene: Scene): Promise<void> => {
      const names = Array.from({ length: 3000 }, (_, index) => `key-${String(index).padStart(5, '0')}`);
      await scene.pool.setKeys(OBJECT, new Map(names.map((name) => [name, Buffer.from(name)])));
      same(
        await keysOf(scene),
        names.map((name) => [name, name]),
      );
      await scene.pool.removeObject(OBJECT);
    },
  },
  {
    name: 'refuses objects and keys without a name',
    run: async ({ pool }: Scene): Promise<void> => {
      await refused('invalid', pool.keys(''));
      await refused('invalid', pool.setKeys(OBJECT, new Map([['', Buffer.from('x')]])));
      await refused('invalid', pool.removeKeys(OBJECT, ['a\0b']));
    },
  },
];
