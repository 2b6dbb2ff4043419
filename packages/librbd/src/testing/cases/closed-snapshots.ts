import type { RbdErrorCode } from '../../errors.js';
import type { RbdPool } from '../../model/pool.js';
import { contentOf, diffOf, MIB, type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

const refusals: [title: string, code: RbdErrorCode, act: (pool: RbdPool) => Promise<void>][] = [
  ['a snapshot of the same name', 'exists', async (pool) => pool.createSnapshot('image', 'snap')],
  ['a snapshot without a name', 'invalid', async (pool) => pool.createSnapshot('image', '')],
  ['a snapshot of no image', 'not-found', async (pool) => pool.createSnapshot('none', 'snap')],
  ['to protect none', 'not-found', async (pool) => pool.protectSnapshot('image', 'none')],
  ['to protect one of no image', 'not-found', async (pool) => pool.protectSnapshot('none', 'snap')],
  ['to protect one twice', 'busy', async (pool) => pool.protectSnapshot('image', 'safe')],
];

/** Of images that need not be open for it. */
export const closedSnapshotCases: readonly RbdCase[] = [
  ...refusals.map(([title, code, act]) => ({
    name: `refuses, without opening the image, ${title}: ${code}`,
    run: async (scene: Scene): Promise<void> => {
      await (await scene.image()).close();
      await scene.pool.createSnapshot('image', 'snap');
      await scene.pool.createSnapshot('image', 'safe');
      await scene.pool.protectSnapshot('image', 'safe');
      await refused(code, act(scene.pool));
      same(await protections(scene), ['snap', 'safe protected']);
    },
  })),
  {
    name: 'keeps what there was in a snapshot of an image that nobody has open',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(0, Buffer.from('old'));
      await image.close();
      await scene.pool.createSnapshot('image', 'snap');
      const again = await scene.pool.openImage('image');
      await again.write(0, Buffer.from('new'));
      await again.write(5 * MIB, Buffer.from('more'));
      await again.resize(SIZE * 2);
      await again.close();
      await scene.pool.createSnapshot('image', 'later');
      await using seen = await scene.elsewhere.openImage('image', { snapshot: 'snap' });
      same([await contentOf(seen), (await seen.info()).sizeBytes], ['old', SIZE]);
      await using later = await scene.elsewhere.openImage('image', { snapshot: 'later' });
      same([await contentOf(later), (await later.info()).sizeBytes], ['newmore', SIZE * 2]);
    },
  },
  {
    name: 'tells what has changed since a snapshot of an image that nobody had open',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(0, Buffer.from('old'));
      await image.close();
      await scene.pool.createSnapshot('image', 'one');
      await scene.pool.createSnapshot('image', 'two');
      const again = await scene.pool.openImage('image');
      await again.write(5 * MIB, Buffer.from('more'));
      await again.close();
      await scene.pool.createSnapshot('image', 'three');
      await using reading = await scene.pool.openImage('image', { snapshot: 'three' });
      const changed = { offset: 4 * MIB, length: 4 * MIB, exists: true };
      same(await diffOf(reading, { since: 'one', wholeObject: true }), [changed]);
      same(await diffOf(reading, { since: 'two', wholeObject: true }), [changed]);
      await using before = await scene.pool.openImage('image', { snapshot: 'two' });
      same(await diffOf(before, { since: 'one', wholeObject: true }), []);
    },
  },
  {
    name: 'takes and protects a snapshot of an image that others write to, who see it',
    run: async (scene: Scene): Promise<void> => {
      await (await scene.image()).close();
      await using writing = await scene.elsewhere.openImage('image');
      await writing.write(0, Buffer.from('old'));
      await scene.pool.createSnapshot('image', 'snap');
      await writing.write(0, Buffer.from('new'));
      await scene.pool.protectSnapshot('image', 'snap');
      same(await writing.isProtected('snap'), true);
      await refused('busy', writing.removeSnapshot('snap'));
      await using seen = await scene.pool.openImage('image', { snapshot: 'snap' });
      same([await contentOf(seen), await contentOf(writing)], ['old', 'new']);
    },
  },
  {
    name: 'takes many snapshots of an image at once, and clones each',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(0, Buffer.from('data'));
      await image.close();
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(
        names.map(async (name, index) => {
          const pool = index % 2 === 0 ? scene.pool : scene.elsewhere;
          await pool.createSnapshot('image', name);
          await pool.protectSnapshot('image', name);
          await pool.cloneImage(`clone-${name}`, { parentImage: 'image', parentSnapshot: name });
        }),
      );
      same(
        (await protections(scene)).sort(),
        names.map((name) => `${name} protected`),
      );
      await using clone = await scene.pool.openImage('clone-f');
      same(await contentOf(clone), 'data');
    },
  },
];

async function protections({ pool }: Scene): Promise<string[]> {
  const { snapshots = [] } = (await pool.head('image')) ?? {};
  return snapshots.map(({ name, isProtected }) => (isProtected ? `${name} protected` : name));
}
