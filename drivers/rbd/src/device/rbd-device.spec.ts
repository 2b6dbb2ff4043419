import type { RbdPool } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { RbdDevice } from './rbd-device.js';

const SIZE = 2 ** 20;

async function poolOf(client: SimulatedRbdClient): Promise<RbdPool> {
  return (await client.connect({ timeoutMs: 20 })).openPool('rbd');
}

it.each([
  [{ kind: 'fail', code: 'no-space' }, 'no-space'],
  [{ kind: 'hang' }, 'unavailable'],
  [{ kind: 'disconnect' }, 'unavailable'],
] as const)('a device whose flush ends by %j is closed, and says so', async (effect, code) => {
  const ceph = new SimulatedCeph();
  const client = new SimulatedRbdClient(ceph);
  const pool = await poolOf(client);
  const elsewhere = await poolOf(new SimulatedRbdClient(ceph));
  await pool.createImage('image', { sizeBytes: SIZE });
  const said: string[] = [];
  const device = new RbdDevice(await pool.openImage('image'), {
    what: 'volume 1',
    sizeBytes: SIZE,
    mode: 'read-write',
    older: [],
    release: async () => {
      said.push((await elsewhere.head('image'))?.isLocked === true ? 'locked' : 'free');
    },
  });
  await device.write(0, Buffer.from('x'));
  client.faults.add({ when: ({ operation }) => operation === 'flush', effect });
  await expect(device.close()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/^flush volume 1: /) as string,
  });
  expect(said).toEqual(['free']);
  // Nobody watches it any more.
  await elsewhere.removeImage('image');
});
