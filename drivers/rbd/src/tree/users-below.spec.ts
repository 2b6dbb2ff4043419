import { MIB } from '@scoria/core';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { usersBelow } from './users-below.js';

it('counts clones that cannot be looked at as used', async () => {
  const ceph = new SimulatedCeph({ pools: ['rbd', 'theirs'] });
  const client = new SimulatedRbdClient(ceph);
  await using cluster = await client.connect({ timeoutMs: 1000 });
  await using pool = await cluster.openPool('rbd');
  await using theirs = await cluster.openPool('theirs');
  await pool.createImage('parent', { sizeBytes: MIB });
  await pool.createSnapshot('parent', 'snapshot');
  const link = { parentPool: 'rbd', parentImage: 'parent', parentSnapshot: 'snapshot' };
  await theirs.cloneImage('child', { ...link, format: 2 });

  const look = { cluster, pool, isRead: () => Promise.resolve(false) };
  expect(await usersBelow(look, 'parent')).toEqual([]);
  const refused = { kind: 'fail', code: 'permission' } as const;
  client.faults.add({ when: ({ object }) => object.includes('theirs'), effect: refused, times: 2 });
  expect(await usersBelow(look, 'parent')).toEqual(['theirs/child']);
});
