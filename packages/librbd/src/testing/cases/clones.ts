import type { RbdErrorCode } from '../../errors.js';
import type { CloneFormat, CloneOptions } from '../../model/pool.js';
import {
  childrenOf,
  contentOf,
  MIB,
  type RbdCase,
  refused,
  same,
  type Scene,
  SIZE,
  snapshotNamed,
} from '../scene.js';

const FORMATS: readonly CloneFormat[] = [1, 2];

const wrong: [title: string, code: RbdErrorCode, name: string, options: Partial<CloneOptions>][] = [
  ['of no image', 'not-found', 'clone', { parentImage: 'none' }],
  ['of no snapshot', 'not-found', 'clone', { parentSnapshot: 'none' }],
  ['of no pool', 'not-found', 'clone', { parentPool: 'none' }],
  ['with a name that is taken', 'exists', 'image', {}],
  ['of format 1 from what is not protected', 'invalid', 'clone', { format: 1 }],
  ['with smaller objects', 'invalid', 'clone', { order: 20 }],
  ['without a name', 'invalid', '', {}],
  ['with an unknown feature', 'invalid', 'clone', { features: ['colour'] }],
];

function inBothFormats(
  title: string,
  run: (scene: Scene, format: CloneFormat) => Promise<void>,
): readonly RbdCase[] {
  return FORMATS.map((format) => ({
    name: `${title} (format ${String(format)})`,
    run: async (scene: Scene): Promise<void> => run(scene, format),
  }));
}

export const cloneCases: readonly RbdCase[] = [
  ...wrong.map(([title, code, name, options]) => ({
    name: `makes no clone ${title}: ${code}`,
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('snap');
      const parent = { parentImage: 'image', parentSnapshot: 'snap' };
      await refused(code, scene.pool.cloneImage(name, { ...parent, ...options }));
      same(await scene.imageNames(), ['image']);
    },
  })),
  ...inBothFormats('shows the parent’s bytes in a clone until it has its own', async (scene, format) => {
    await using image = await scene.image();
    await image.write(0, Buffer.from('parent'));
    await image.write(5 * MIB, Buffer.from('far'));
    await using child = await scene.clone(image, 'child', format);
    await image.write(0, Buffer.from('PARENT'));
    same(await contentOf(child), 'parentfar');
    await child.write(2, Buffer.from('CH'));
    await child.writeZeroes(5 * MIB, 1);
    same(await contentOf(child), 'paCHntar');
    same(await contentOf(image), 'PARENTfar');
  }),
  ...inBothFormats('tells of parents and children', async (scene, format) => {
    await using image = await scene.image();
    same(await image.parent(), undefined);
    await using child = await scene.clone(image, 'child', format);
    const { id } = await snapshotNamed(image, 'snap');
    const found = await child.parent();
    same(found, {
      pool: scene.pool.name,
      poolNamespace: '',
      image: 'image',
      imageId: (await image.info()).id,
      imageInTrash: false,
      snapshot: 'snap',
      snapshotId: id,
      snapshotNamespace: 'user',
      overlapBytes: SIZE,
    });
    const [entry, ...others] = await image.children(id);
    same(
      [entry?.image, entry?.imageId, entry?.inTrash, entry?.pool, others.length],
      ['child', (await child.info()).id, false, scene.pool.name, 0],
    );
    await scene.pool.renameImage('child', 'renamed');
    same(await childrenOf(image, id), ['renamed']);
  }),
  ...inBothFormats('removes a clone, which frees its parent', async (scene, format) => {
    await using image = await scene.image();
    const child = await scene.clone(image, 'child', format);
    const { id } = await snapshotNamed(image, 'snap');
    await child.close();
    await refused('not-empty', scene.pool.removeImage('image'));
    await scene.pool.removeImage('child');
    same(await childrenOf(image, id), []);
    if (format === 1) await image.unprotectSnapshot('snap');
    await image.removeSnapshot('snap');
    await image.close();
    await scene.pool.removeImage('image');
  }),
  ...inBothFormats('flattens a clone, which frees its parent', async (scene, format) => {
    await using image = await scene.image();
    await image.write(0, Buffer.from('parent'));
    await image.write(5 * MIB, Buffer.from('far'));
    await using child = await scene.clone(image, 'child', format);
    await child.write(1, Buffer.from('X'));
    const { id } = await snapshotNamed(image, 'snap');
    await child.flatten();
    same([await child.parent(), await contentOf(child)], [undefined, 'pXrentfar']);
    same(await childrenOf(image, id), []);
    await refused('invalid', child.flatten());
  }),
  ...inBothFormats(
    'sees no more of the parent than fits, also after shrinking and growing',
    async (scene, format) => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('parent'));
      await image.write(5 * MIB, Buffer.from('far'));
      await using child = await scene.clone(image, 'child', format);
      await child.resize(2 * SIZE);
      same((await child.parent())?.overlapBytes, SIZE);
      await child.resize(5 * MIB + 1, { allowShrink: true });
      await child.resize(SIZE);
      same([(await child.parent())?.overlapBytes, await contentOf(child)], [5 * MIB + 1, 'parentf']);
    },
  ),
  ...inBothFormats('sees through many layers', async (scene, format) => {
    await using root = await scene.image();
    await root.write(0, Buffer.from('0123456'));
    let parent = await scene.clone(root, 'layer-1', format);
    for (const depth of [2, 3, 4]) {
      await parent.write(depth, Buffer.from(String.fromCharCode(64 + depth)));
      const next = await scene.clone(parent, `layer-${String(depth)}`, format, `snap-${String(depth)}`);
      await parent.close();
      parent = next;
    }
    same(await contentOf(parent), '01BCD56');
    await parent.flatten();
    same(await contentOf(parent), '01BCD56');
    await parent.close();
  }),
  ...inBothFormats('frees the parent of snapshots too when it is flattened', async (scene, format) => {
    await using image = await scene.image();
    await image.write(0, Buffer.from('parent'));
    await using child = await scene.clone(image, 'child', format);
    await child.createSnapshot('own');
    await child.write(0, Buffer.from('X'));
    await child.flatten();
    const { id } = await snapshotNamed(image, 'snap');
    same(await childrenOf(image, id), []);
    await using own = await scene.pool.openImage('child', { snapshot: 'own' });
    same([await contentOf(own), await own.parent()], ['parent', undefined]);
  }),
  ...inBothFormats(
    'tells which format a clone is of, also where only its snapshots are one',
    async (scene, format) => {
      const isOfFormat2 = async (name: string): Promise<boolean> => {
        await using image = await scene.pool.openImage(name, { readOnly: true });
        return await image.isCloneOfFormat2();
      };
      await using image = await scene.image();
      await using child = await scene.clone(image, 'child', format);
      await using below = await scene.clone(child, 'below', format === 1 ? 2 : 1, 'other');
      same([await isOfFormat2('image'), await isOfFormat2('child')], [false, format === 2]);
      same(await isOfFormat2('below'), format === 1);
      await below.close();
      await scene.pool.removeImage('below');
      await child.updateFeatures(['deep-flatten'], false);
      await child.flatten();
      same(await isOfFormat2('child'), format === 2);
      if (format === 2) await child.unprotectSnapshot('other');
      await child.removeSnapshot('other');
      same(await isOfFormat2('child'), false);
    },
  ),
  ...inBothFormats(
    'lets go of the parent with the last snapshot that needs it, also where children keep that in the trash',
    async (scene, format) => {
      await using image = await scene.image();
      await using child = await scene.clone(image, 'child', format);
      await child.updateFeatures(['deep-flatten'], false);
      const below = await scene.clone(child, 'below', 2, 'own');
      await child.flatten();
      const { id } = await snapshotNamed(image, 'snap');
      same(await childrenOf(image, id), ['child']);
      await child.removeSnapshot('own');
      same([(await child.snapshots())[0]?.namespace, await childrenOf(image, id)], ['trash', []]);
      await below.close();
    },
  ),
  ...inBothFormats('keeps the parent of snapshots where deep-flatten is off', async (scene, format) => {
    await using image = await scene.image();
    await image.write(0, Buffer.from('parent'));
    await using child = await scene.clone(image, 'child', format);
    await child.updateFeatures(['deep-flatten'], false);
    await child.createSnapshot('own');
    await child.flatten();
    const { id } = await snapshotNamed(image, 'snap');
    same([await child.parent(), await childrenOf(image, id)], [undefined, ['child']]);
    await using own = await scene.pool.openImage('child', { snapshot: 'own' });
    same([await contentOf(own), (await own.parent())?.image], ['parent', 'image']);
    await own.close();
    await child.removeSnapshot('own');
    same(await childrenOf(image, id), []);
  }),
  {
    name: 'keeps a snapshot that has children of format 1 protected',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using child = await scene.clone(image, 'child', 1);
      await refused('busy', image.unprotectSnapshot('snap'));
      await refused('busy', image.removeSnapshot('snap'));
      await child.close();
      await scene.pool.moveToTrash('child', 0);
      await refused('busy', image.unprotectSnapshot('snap'));
    },
  },
  {
    name: 'puts a snapshot with children of format 2 into the trash, where it goes with the last of them',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using first = await scene.clone(image, 'first', 2);
      await scene.pool.cloneImage('second', { parentImage: 'image', parentSnapshot: 'snap', format: 2 });
      const { id } = await snapshotNamed(image, 'snap');
      await image.removeSnapshot('snap');
      const [trashed] = await image.snapshots();
      same([trashed?.id, trashed?.namespace], [id, 'trash']);
      same(await childrenOf(image, id), ['first', 'second']);
      await using reopened = await scene.pool.openImage('first', { readOnly: true });
      const parent = await reopened.parent();
      same([parent?.snapshot, parent?.snapshotNamespace, parent?.snapshotId], [trashed?.name, 'trash', id]);
      await refused('not-found', image.removeSnapshot('snap'));
      await image.createSnapshot('snap');
      await image.removeSnapshot('snap');
      await first.flatten();
      same((await image.snapshots()).length, 1);
      await scene.pool.removeImage('second');
      same(await image.snapshots(), []);
    },
  },
  {
    name: 'protects and unprotects a snapshot that has children of format 2 only',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('snap');
      await image.protectSnapshot('snap');
      const parent = { parentImage: 'image', parentSnapshot: 'snap' };
      await scene.pool.cloneImage('second', { ...parent, format: 2 });
      await scene.pool.cloneImage('first', { ...parent, format: 1 });
      const { id } = await snapshotNamed(image, 'snap');
      same(await childrenOf(image, id), ['first', 'second']);
      await refused('busy', image.unprotectSnapshot('snap'));
      await scene.pool.removeImage('first');
      await image.unprotectSnapshot('snap');
      await image.removeSnapshot('snap');
      same(
        (await image.snapshots()).map(({ namespace }) => namespace),
        ['trash'],
      );
    },
  },
  {
    name: 'rolls a clone back to its own snapshot, and still sees its parent',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('parent'));
      await image.write(5 * MIB, Buffer.from('far'));
      await using child = await scene.clone(image, 'child', 2);
      await child.createSnapshot('own');
      await child.write(0, Buffer.from('X'));
      await child.writeZeroes(5 * MIB, 3);
      await child.resize(MIB, { allowShrink: true });
      await child.rollback('own');
      same([await contentOf(child), (await child.parent())?.overlapBytes], ['parentfar', MIB]);
      await child.flatten();
      await child.rollback('own');
      same([await contentOf(child), await child.parent()], ['parentfar', undefined]);
    },
  },
  {
    name: 'is silent about the parent of a clone that sees nothing of it, which is a child all the same',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using child = await scene.clone(image, 'child', 2);
      const { id } = await snapshotNamed(image, 'snap');
      await child.resize(0, { allowShrink: true });
      await child.resize(SIZE);
      same([await child.parent(), await childrenOf(image, id)], [undefined, ['child']]);
      await child.flatten();
      same(await childrenOf(image, id), []);
    },
  },
];
