import type { RbdCluster, RbdErrorCode, RbdPool } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { removeByTrash } from './remove-by-trash.js';

let client: SimulatedRbdClient;
let cluster: RbdCluster;
let pool: RbdPool;
let id: string;
let claimed: Set<string>;
beforeEach(async () => {
  client = new SimulatedRbdClient(new SimulatedCeph({}));
  cluster = await client.connect({ timeoutMs: 1000 });
  pool = await cluster.openPool('rbd');
  await pool.createImage('v', { sizeBytes: 1024 });
  id = (await pool.head('v'))?.id ?? '';
  claimed = new Set();
});
afterEach(() => cluster.close());

const helpers = {
  claimTrash: async (_pool: RbdPool, { id: claim }: { id: string }) =>
    Promise.resolve(void claimed.add(claim)),
  unclaimTrash: async (_pool: RbdPool, { id: claim }: { id: string }) =>
    Promise.resolve(void claimed.delete(claim)),
};

async function remove(): Promise<boolean> {
  return removeByTrash(pool, { image: 'v', id }, helpers, {});
}

async function names(): Promise<string[]> {
  const [images, trash] = await Promise.all([pool.images(), pool.trash()]);
  return [...images.map(({ name }) => name), ...trash.map(({ name }) => `trash:${name}`)];
}

describe('an image that is removed by way of the trash', () => {
  it('is gone, and nothing is recorded of it', async () => {
    expect([await remove(), await names(), claimed.size]).toEqual([true, [], 0]);
  });

  it('is where it was where somebody has it open', async () => {
    await using _guest = await pool.openImage('v');
    expect([await remove(), await names(), claimed.size]).toEqual([false, ['v'], 0]);
  });

  it('is where it was where it has a snapshot by now', async () => {
    await using image = await pool.openImage('v');
    await image.createSnapshot('new');
    await image.close();
    expect([await remove(), await names(), claimed.size]).toEqual([false, ['v'], 0]);
  });

  it('is not looked for further where it is gone already', async () => {
    await pool.removeImage('v');
    expect([await remove(), await names(), claimed.size]).toEqual([false, [], 0]);
  });

  it('is left where it is where it cannot be recorded', async () => {
    fail('setKeys', 'quota');
    const full = {
      ...helpers,
      claimTrash: async () => pool.setKeys('object', new Map([['key', Buffer.of(1)]])),
    };
    expect(await removeByTrash(pool, { image: 'v', id }, full, {})).toBe(false);
    expect(await names()).toEqual(['v']);
  });

  it.each(['moveToTrash', 'removeFromTrash'])(
    'stays recorded where %s is not answered',
    async (operation) => {
      fail(operation, 'timed-out');
      await expect(remove()).rejects.toMatchObject({ code: 'timed-out' });
      expect([...claimed]).toEqual([id]);
    },
  );

  it('stays recorded where its move to the trash fails, half done perhaps', async () => {
    fail('moveToTrash', 'failed');
    await expect(remove()).rejects.toMatchObject({ code: 'failed' });
    expect([...claimed]).toEqual([id]);
  });

  it('stays in the trash where its removal fails in the middle', async () => {
    fail('removeFromTrash', 'failed');
    await expect(remove()).rejects.toMatchObject({ code: 'failed' });
    expect([await names(), [...claimed]]).toEqual([['trash:v'], [id]]);
  });
});

function fail(operation: string, code: RbdErrorCode): void {
  client.faults.add({ when: (call) => call.operation === operation, effect: { kind: 'fail', code } });
}
