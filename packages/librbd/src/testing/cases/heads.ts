import assert from 'node:assert/strict';
import type { RbdImage } from '../../model/image.js';
import type { CloneFormat, ImageReference, RbdPool } from '../../model/pool.js';
import { type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

/**
 * Checks that what a pool says of an image without opening it is what the image itself says.
 * @throws AssertionError
 */
export async function checkHead(pool: RbdPool, reference: ImageReference): Promise<void> {
  const head = await pool.head(reference);
  assert.ok(head);
  const { snapshots, parent, isLocked, ...info } = head;
  await using image = await pool.openImage(reference, { readOnly: true });
  assert.deepEqual(info, await image.info());
  assert.equal(isLocked, (await image.locks()) !== undefined);
  const own = await image.parent();
  if (own === undefined) assert.equal(parent?.overlapBytes ?? 0, 0);
  else assert.deepEqual(parent, own);
  const entries = await image.snapshots();
  assert.deepEqual(
    snapshots.map(({ id, name, sizeBytes, namespace }) => ({ id, name, sizeBytes, namespace })),
    [...entries],
  );
  for (const { id, name, namespace, isProtected, overlapBytes, childrenOfFormat2 } of snapshots) {
    const children = await sortedChildren(image.children(id));
    assert.deepEqual(await sortedChildren(pool.children(head.id, id)), children);
    assert.ok(childrenOfFormat2 <= children.length);
    if (!isProtected) assert.equal(childrenOfFormat2, children.length);
    if (namespace !== 'user') continue;
    assert.equal(isProtected, await image.isProtected(name));
    assert.equal(overlapBytes, await overlapAt(pool, reference, name));
  }
}

async function sortedChildren(children: ReturnType<RbdImage['children']>): Promise<string[]> {
  return Array.from(await children, (child) => JSON.stringify(child, Object.keys(child).sort())).sort();
}

async function overlapAt(pool: RbdPool, reference: ImageReference, snapshot: string): Promise<number> {
  await using image = await pool.openImage(reference, { snapshot });
  return (await image.parent())?.overlapBytes ?? 0;
}

async function checkAll(scene: Scene): Promise<void> {
  for (const { name } of await scene.pool.images()) await checkHead(scene.pool, name);
  for (const { id } of await scene.pool.trash()) await checkHead(scene.pool, { id });
  for (const { name } of await scene.otherPool.images()) await checkHead(scene.otherPool, name);
}

export const headCases: readonly RbdCase[] = [
  {
    name: 'says of an image what it is, without opening it',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('plain', { sizeBytes: SIZE, order: 20, features: ['layering'] });
      await scene.pool.createImage('striped', {
        sizeBytes: SIZE,
        stripeUnitBytes: 2 ** 16,
        stripeCount: 4,
      });
      await using image = await scene.image();
      await image.createSnapshot('one');
      await image.resize(SIZE * 2);
      await image.createSnapshot('two');
      await image.protectSnapshot('two');
      await checkAll(scene);
      const head = await scene.pool.head('image');
      same(
        head?.snapshots.map(({ name, sizeBytes, isProtected }) => [name, sizeBytes, isProtected]),
        [
          ['one', SIZE, false],
          ['two', SIZE * 2, true],
        ],
      );
    },
  },
  {
    name: 'says of no image that there is none',
    run: async (scene: Scene): Promise<void> => {
      same([await scene.pool.head('none'), await scene.pool.head({ id: 'none' })], [undefined, undefined]);
      await refused('not-found', scene.pool.children('none', 4));
      await using image = await scene.image();
      await refused('not-found', scene.pool.children((await image.info()).id, 123456));
      await refused('invalid', scene.pool.head(''));
    },
  },
  {
    name: 'says what has become of an image at once, whoever did it',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      for (const name of ['one', 'two']) await image.createSnapshot(name);
      await image.removeSnapshot('one');
      await image.resize(SIZE / 2, { allowShrink: true });
      const head = await scene.elsewhere.head('image');
      same([head?.sizeBytes, head?.snapshots.map(({ name }) => name)], [SIZE / 2, ['two']]);
    },
  },
  {
    name: 'says whether somebody has the lock of an image',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      const isLocked = async (): Promise<boolean | undefined> =>
        (await scene.elsewhere.head('image'))?.isLocked;
      same(await isLocked(), false);
      await image.write(0, Buffer.from('mine'));
      same(await isLocked(), true);
      await image.close();
      same(await isLocked(), false);
    },
  },
  ...([1, 2] as const).map((format): RbdCase => ({
    name: `says who comes from whom, in clone format ${String(format)}`,
    run: async (scene: Scene): Promise<void> => familyTree(scene, format),
  })),
  {
    name: 'says of an image in the trash, and of one whose parent is there, where they come from',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using clone = await scene.clone(image, 'clone', 2);
      await clone.createSnapshot('snap');
      await Promise.all([clone.close(), image.close()]);
      await scene.pool.moveToTrash('image', 0);
      await checkAll(scene);
      same((await scene.pool.head('clone'))?.parent?.imageInTrash, true);
      await scene.pool.moveToTrash('clone', 0);
      await checkAll(scene);
    },
  },
  {
    name: 'says of many snapshots what they are',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      for (let number = 0; number < 105; number += 1) await image.createSnapshot(`s${String(number)}`);
      const names = (await scene.pool.head('image'))?.snapshots.map(({ name }) => name);
      same(
        names,
        Array.from({ length: 105 }, (_, number) => `s${String(number)}`),
      );
    },
  },
];

/** A parent with clones here and in another pool, a flat clone with a snapshot, and one that was made small. */
async function familyTree(scene: Scene, format: CloneFormat): Promise<void> {
  await using image = await scene.image();
  await using clone = await scene.clone(image, 'clone', format);
  await clone.updateFeatures(['deep-flatten'], false);
  await clone.createSnapshot('before');
  await checkAll(scene);
  const link = { parentPool: scene.pool.name, parentImage: 'image', parentSnapshot: 'snap', format };
  await scene.otherPool.cloneImage('abroad', link);
  await scene.pool.cloneImage('small', link);
  await using small = await scene.pool.openImage('small');
  await small.resize(0, { allowShrink: true });
  await checkAll(scene);
  await clone.flatten();
  await checkAll(scene);
  const head = await scene.pool.head('clone');
  same([head?.parent?.image, head?.parent?.overlapBytes], ['image', 0]);
}
