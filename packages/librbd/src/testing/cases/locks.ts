import assert from 'node:assert/strict';
import type { ImageLock, RbdImage } from '../../model/image.js';
import { type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

/** Of an image that librbd does not lock by itself. */
async function unlocked({ pool, elsewhere }: Scene): Promise<[RbdImage, RbdImage]> {
  await pool.createImage('image', { sizeBytes: SIZE, features: ['layering'] });
  return [await pool.openImage('image'), await elsewhere.openImage('image')];
}

export const lockCases: readonly RbdCase[] = [
  {
    name: 'counts those who have an image open for writing as watchers',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using reader = await scene.pool.openImage('image', { readOnly: true });
      same((await reader.watchers()).length, 1);
      await using other = await scene.elsewhere.openImage('image');
      const [first, second, ...more] = await image.watchers();
      assert.ok(first && second);
      same([more.length, first.id === second.id], [0, false]);
      await other.close();
      await image.close();
      same(await reader.watchers(), []);
    },
  },
  {
    name: 'locks an image for one, until it unlocks it',
    run: async (scene: Scene): Promise<void> => {
      const [image, other] = await unlocked(scene);
      same(await image.locks(), undefined);
      await image.lockExclusively('mine');
      await refused('exists', image.lockExclusively('mine'));
      await refused('busy', image.lockExclusively('second'));
      await refused('busy', other.lockExclusively('mine'));
      const lock = await other.locks();
      same([lock?.isExclusive, lock?.lockers.map(({ cookie }) => cookie)], [true, ['mine']]);
      await refused('not-found', other.unlock('mine'));
      await refused('not-found', image.unlock('second'));
      await image.unlock('mine');
      await other.lockExclusively('theirs');
      await other.unlock('theirs');
      same(await image.locks(), undefined);
    },
  },
  {
    name: 'breaks a lock, which cuts off its holder',
    run: async (scene: Scene): Promise<void> => {
      const [image, other] = await unlocked(scene);
      await other.lockExclusively('theirs');
      const locker = (await image.locks())?.lockers[0];
      assert.ok(locker);
      await refused('not-found', image.breakLock(locker.client, 'none'));
      await image.breakLock(locker.client, locker.cookie);
      same(await image.locks(), undefined);
      await image.lockExclusively('mine');
      await image.unlock('mine');
      await refused('disconnected', other.write(0, Buffer.from('late')));
    },
  },
  {
    name: 'shows the lock that librbd takes by itself for who writes, and gives to who writes next',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using other = await scene.elsewhere.openImage('image');
      same(await locksSeen(scene), undefined);
      await image.write(0, Buffer.from('x'));
      const first = await locksSeen(scene);
      await refused('busy', image.lockExclusively('mine'));
      await other.write(0, Buffer.from('y'));
      const second = await locksSeen(scene);
      same([first?.tag, second?.tag, first?.lockers.length], ['internal', 'internal', 1]);
      assert.notEqual(first?.lockers[0]?.client, second?.lockers[0]?.client);
      await other.close();
      same(await locksSeen(scene), undefined);
    },
  },
];

/** An image that is open may know only of the lock that there was when it was opened. */
async function locksSeen({ pool }: Scene): Promise<ImageLock | undefined> {
  await using reader = await pool.openImage('image', { readOnly: true });
  return await reader.locks();
}
