import type { LongCall } from '../../model/long-call.js';
import { contentOf, MIB, type RbdCase, refused, same, type Scene } from '../scene.js';

const OBJECTS = 16;
const LARGE = OBJECTS * MIB;

type Act = (scene: Scene, call: LongCall) => Promise<void>;

const calls: [title: string, act: Act][] = [
  [
    'a flatten',
    async ({ pool }, call) => {
      await using child = await pool.openImage('child');
      await child.flatten(call);
    },
  ],
  ['a removal', async ({ pool }, call) => pool.removeImage('child', call)],
  [
    'a removal from the trash',
    async (scene, call) => {
      const trashed = await scene.pool.trash();
      if (trashed.length === 0) await scene.pool.moveToTrash('child', 0);
      await scene.pool.removeFromTrash(await scene.trashedId('child'), call);
    },
  ],
];

/** A clone with data of its own in every other object. */
async function large(scene: Scene): Promise<void> {
  await scene.pool.createImage('image', { sizeBytes: LARGE, order: 20 });
  await using image = await scene.pool.openImage('image');
  await using child = await scene.clone(image, 'child', 2);
  for (let object = 0; object < OBJECTS; object += 1) {
    await (object % 2 === 0 ? child : image).write(object * MIB, Buffer.from('x'));
  }
}

export const longCallCases: readonly RbdCase[] = [
  ...calls.map(([title, act]) => ({
    name: `tells how far ${title} is`,
    run: async (scene: Scene): Promise<void> => {
      await large(scene);
      const told: number[] = [];
      const onProgress = (done: number, total: number): void => {
        told.push(done / total);
      };
      await act(scene, { onProgress });
      same([told.length > 0, told.every((part) => part >= 0 && part <= 1)], [true, true]);
    },
  })),
  ...calls.map(([title, act]) => ({
    name: `ends ${title} where the caller says so, and does it the next time`,
    run: async (scene: Scene): Promise<void> => {
      await large(scene);
      const cancel = new AbortController();
      const call = { onProgress: () => cancel.abort(), signal: cancel.signal };
      await refused('cancelled', act(scene, call));
      await act(scene, {});
    },
  })),
  {
    name: 'begins nothing for a caller who has ended it before',
    run: async (scene: Scene): Promise<void> => {
      await large(scene);
      for (const [, act] of calls.slice(0, 2))
        await refused('cancelled', act(scene, { signal: AbortSignal.abort() }));
      await using child = await scene.pool.openImage('child');
      same((await child.parent())?.image, 'image');
      same(await contentOf(child), 'x'.repeat(OBJECTS / 2));
    },
  },
];
