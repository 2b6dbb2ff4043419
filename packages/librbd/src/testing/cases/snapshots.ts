import type { RbdErrorCode } from '../../errors.js';
import type { RbdImage } from '../../model/image.js';
import { contentOf, MIB, type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

const refusals: [title: string, code: RbdErrorCode, act: (image: RbdImage) => Promise<unknown>][] = [
  ['a snapshot of the same name', 'exists', async (image) => image.createSnapshot('snap')],
  ['a snapshot without a name', 'invalid', async (image) => image.createSnapshot('')],
  ['to remove no snapshot', 'not-found', async (image) => image.removeSnapshot('none')],
  ['to remove a protected one', 'busy', async (image) => image.removeSnapshot('safe')],
  ['to remove no snapshot by its id', 'not-found', async (image) => image.removeSnapshotById(123456)],
  ['to rename no snapshot', 'not-found', async (image) => image.renameSnapshot('none', 'other')],
  ['to rename to a name that is taken', 'exists', async (image) => image.renameSnapshot('snap', 'safe')],
  ['to rename to the same name', 'exists', async (image) => image.renameSnapshot('snap', 'snap')],
  ['to protect no snapshot', 'not-found', async (image) => image.protectSnapshot('none')],
  ['to protect twice', 'busy', async (image) => image.protectSnapshot('safe')],
  ['to unprotect no snapshot', 'not-found', async (image) => image.unprotectSnapshot('none')],
  ['to unprotect what is not protected', 'invalid', async (image) => image.unprotectSnapshot('snap')],
  ['whether no snapshot is protected', 'not-found', async (image) => image.isProtected('none')],
  ['to roll back to no snapshot', 'not-found', async (image) => image.rollback('none')],
  ['to flatten what has no parent', 'invalid', async (image) => image.flatten()],
  ['the children of no snapshot', 'not-found', async (image) => image.children(123456)],
];

export const snapshotCases: readonly RbdCase[] = [
  ...refusals.map(([title, code, act]) => ({
    name: `refuses ${title}: ${code}`,
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('snap');
      await image.createSnapshot('safe');
      await image.protectSnapshot('safe');
      await refused(code, act(image));
      const names = (await image.snapshots()).map(({ name }) => name);
      same(names, ['snap', 'safe']);
    },
  })),
  {
    name: 'removes a snapshot by its id',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('one');
      await image.createSnapshot('two');
      const [one] = await image.snapshots();
      await image.removeSnapshotById(one?.id ?? 0);
      same(
        (await image.snapshots()).map(({ name }) => name),
        ['two'],
      );
    },
  },
  {
    name: 'keeps in a snapshot what there was, and its size',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('old'));
      await image.createSnapshot('snap');
      await image.write(0, Buffer.from('new'));
      await image.write(5 * MIB, Buffer.from('more'));
      await image.resize(SIZE * 2);
      await using seen = await scene.elsewhere.openImage('image', { snapshot: 'snap' });
      same([await contentOf(seen), (await seen.info()).sizeBytes], ['old', SIZE]);
      const entries = (await image.snapshots()).map(({ name, sizeBytes, namespace }) => [
        name,
        sizeBytes,
        namespace,
      ]);
      same(entries, [['snap', SIZE, 'user']]);
    },
  },
  {
    name: 'rolls back contents and size, and keeps the snapshot',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(MIB, Buffer.from('old'));
      await image.createSnapshot('snap');
      await image.write(MIB, Buffer.from('new'));
      await image.write(5 * MIB, Buffer.from('more'));
      await image.resize(SIZE * 2);
      await image.rollback('snap');
      same([await contentOf(image), (await image.info()).sizeBytes], ['old', SIZE]);
      await image.resize(0, { allowShrink: true });
      await image.rollback('snap');
      same([await contentOf(image), (await image.info()).sizeBytes], ['old', SIZE]);
      same((await image.snapshots()).length, 1);
    },
  },
  {
    name: 'renames and removes snapshots, protected ones once they are not any more',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.createSnapshot('one');
      await image.createSnapshot('two');
      await image.protectSnapshot('one');
      await image.renameSnapshot('one', 'uno');
      same(await image.isProtected('uno'), true);
      await image.unprotectSnapshot('uno');
      await image.removeSnapshot('uno');
      same(await image.isProtected('two'), false);
      same(
        (await image.snapshots()).map(({ name }) => name),
        ['two'],
      );
    },
  },
  {
    name: 'shows at once to others who have the image open what was done to snapshots',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using other = await scene.elsewhere.openImage('image');
      await other.createSnapshot('snap');
      await image.protectSnapshot('snap');
      same(await other.isProtected('snap'), true);
      await refused('busy', other.removeSnapshot('snap'));
    },
  },
];
