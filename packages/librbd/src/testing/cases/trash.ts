import { MOST_TRASH_SECONDS } from '../../model/trash-delay.js';
import { contentOf, type RbdCase, refused, same, snapshotNamed, type Scene } from '../scene.js';

export const trashCases: readonly RbdCase[] = [
  {
    name: 'moves an image to the trash and back, under another name',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.write(0, Buffer.from('kept'));
      const { id } = await image.info();
      await image.close();
      await scene.pool.moveToTrash('image', 0);
      same(await scene.imageNames(), []);
      const [entry] = await scene.pool.trash();
      same([entry?.id, entry?.name, entry?.source], [id, 'image', 'user']);
      await refused('not-found', scene.pool.openImage('image'));
      await refused('not-found', scene.pool.moveToTrash('image', 0));
      await scene.pool.createImage('image', { sizeBytes: 0 });
      await refused('exists', scene.pool.restoreFromTrash(id, 'image'));
      await scene.pool.restoreFromTrash(id, 'again');
      same([await scene.imageNames(), await scene.pool.trash()], [['again', 'image'], []]);
      same(await scene.pool.endRestore('nobody'), false);
      await using again = await scene.pool.openImage('again');
      same(await contentOf(again), 'kept');
    },
  },
  {
    name: 'keeps an image until its time is over, unless forced',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: 0 });
      await scene.pool.moveToTrash('image', 1000);
      const [entry] = await scene.pool.trash();
      const delay = (entry?.deferredUntil.getTime() ?? 0) - (entry?.deletedAt.getTime() ?? 0);
      same(delay, 1_000_000);
      const id = await scene.trashedId('image');
      await refused('not-expired', scene.pool.removeFromTrash(id));
      await scene.pool.removeFromTrash(id, { force: true });
      same(await scene.pool.trash(), []);
      await refused('not-found', scene.pool.removeFromTrash(id));
      await refused('not-found', scene.pool.restoreFromTrash(id, 'again'));
    },
  },
  {
    name: 'keeps an image for as long as Ceph has times for, and is asked for no longer',
    run: async (scene: Scene): Promise<void> => {
      await scene.pool.createImage('image', { sizeBytes: 0 });
      for (const delay of [MOST_TRASH_SECONDS + 1, 2 ** 32, Number.MAX_SAFE_INTEGER, -1, 0.5]) {
        await refused('invalid', scene.pool.moveToTrash('image', delay));
      }
      same([await scene.imageNames(), await scene.pool.trash()], [['image'], []]);
      await scene.pool.moveToTrash('image', MOST_TRASH_SECONDS);
      const [entry] = await scene.pool.trash();
      same(
        (entry?.deferredUntil.getTime() ?? 0) - (entry?.deletedAt.getTime() ?? 0),
        MOST_TRASH_SECONDS * 1000,
      );
      await scene.pool.removeFromTrash(await scene.trashedId('image'), { force: true });
    },
  },
  {
    name: 'takes an image with snapshots to the trash, and removes it without them only',
    run: async (scene: Scene): Promise<void> => {
      const image = await scene.image();
      await image.createSnapshot('snap');
      await image.close();
      await scene.pool.moveToTrash('image', 0);
      const id = await scene.trashedId('image');
      await refused('not-empty', scene.pool.removeFromTrash(id, { force: true }));
      await using trashed = await scene.pool.openImage({ id });
      await trashed.removeSnapshot('snap');
      await refused('busy', scene.pool.removeFromTrash(id));
      await trashed.close();
      await scene.pool.removeFromTrash(id);
    },
  },
  {
    name: 'takes an image to the trash that is open for writing, and removes it once it is not',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('x'));
      await scene.elsewhere.moveToTrash('image', 0);
      const id = await scene.trashedId('image');
      await refused('busy', scene.elsewhere.removeFromTrash(id));
      same((await image.read(0, 1)).toString(), 'x');
      await image.close();
      await scene.elsewhere.removeFromTrash(id);
    },
  },
  {
    name: 'shows children and parents that are in the trash',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('parent'));
      const child = await scene.clone(image, 'child', 2);
      await child.close();
      const { id } = await snapshotNamed(image, 'snap');
      await image.close();
      await scene.pool.moveToTrash('image', 0);
      await using seen = await scene.pool.openImage('child');
      const parent = await seen.parent();
      same([parent?.image, parent?.imageInTrash, await contentOf(seen)], ['image', true, 'parent']);
      await seen.close();
      await scene.pool.moveToTrash('child', 0);
      const imageId = await scene.trashedId('image');
      await using trashed = await scene.pool.openImage({ id: imageId });
      same(
        (await trashed.children(id)).map(({ image: name, inTrash }) => [name, inTrash]),
        [['child', true]],
      );
      await trashed.removeSnapshot('snap');
      await trashed.close();
      await refused('not-empty', scene.pool.removeFromTrash(imageId));
      await scene.pool.removeFromTrash(await scene.trashedId('child'));
      await scene.pool.removeFromTrash(imageId);
      same(await scene.pool.trash(), []);
    },
  },
];
