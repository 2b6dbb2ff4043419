import { NativeRbdClient, type RbdCluster, type RbdPool } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { comparePools } from '@scoria/librbd/testing';
import { CephCluster } from '../support/ceph-cluster.js';
import { Seeded } from '../support/seeded.js';

const SEQUENCES = process.env.SCORIA_TESTS === 'all' ? 12 : 3;
const CALLS = 40;

describe('the simulated cluster and a real one', () => {
  let ceph: CephCluster;
  let cluster: RbdCluster;
  let real: RbdPool;

  beforeAll(async () => {
    ceph = await CephCluster.start();
    cluster = await new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
    real = await cluster.openPool('rbd');
  });

  afterAll(async () => {
    await cluster.close();
    await ceph[Symbol.asyncDispose]();
  });

  const first = Math.floor(Math.random() * 1_000_000);
  const seeds = Array.from({ length: SEQUENCES }, (_, index) => first + index);

  it.each(seeds)('answer alike, whatever they are asked (%d)', async (seed) => {
    const seeded = new Seeded(seed);
    const other = await new SimulatedRbdClient(new SimulatedCeph()).connect({ timeoutMs: 5000 });
    const simulated = await other.openPool('rbd');
    await comparePools([simulated, real], (items) => items[seeded.below(items.length)]!, CALLS);
  });
});
