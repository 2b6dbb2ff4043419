import { EXTRAS, IMAGES_POOL } from '@scoria/driver-rbd/testing';
import type { ExtrasWorld } from '@scoria/driver-rbd/testing';
import { NativeRbdClient } from '@scoria/librbd';
import type { RbdCluster, RbdPool } from '@scoria/librbd';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';
import { RbdBackend } from './rbd-backend.js';

/** Either takes some seconds; the rules of both are held to the same table on the simulated cluster. */
const FORMATS = someOf([1, 2] as const, 0.5);

describe.each(FORMATS)('types, images and backups on real Ceph, clone format %i', (cloneFormat) => {
  let ceph: CephCluster;
  let backend: RbdBackend;
  let cluster: RbdCluster;
  let pool: RbdPool;

  beforeAll(async () => {
    ceph = await CephCluster.start({ cloneFormat, pools: ['rbd', IMAGES_POOL] });
    const { confFile } = ceph;
    backend = await RbdBackend.start({ confFile });
    cluster = await new NativeRbdClient().connect({ confFile, timeoutMs: 30_000 });
    pool = await cluster.openPool('rbd');
  });
  afterAll(async () => {
    await cluster.close();
    await backend[Symbol.asyncDispose]();
    await ceph[Symbol.asyncDispose]();
  });

  it.each(EXTRAS.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    const context: ExtrasWorld['context'] = (signal) => backend.context(signal);
    await run({ driver: backend.driver, cluster, pool, context });
    expect(await pool.images()).toEqual([]);
  });
});
