import { DRY_RUNS, IMAGES_POOL } from '@scoria/driver-rbd/testing';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';
import { RbdBackend } from './rbd-backend.js';

describe('a dry run of deleting a snapshot says what deleting it does on real Ceph', () => {
  let ceph: CephCluster;
  let storage: CephStorage;

  beforeAll(async () => {
    ceph = await CephCluster.start({ cloneFormat: 2, pools: ['rbd', IMAGES_POOL] });
    storage = await CephStorage.open(ceph);
  });
  afterAll(async () => {
    await storage[Symbol.asyncDispose]();
    await ceph[Symbol.asyncDispose]();
  });

  it.each(DRY_RUNS.map(({ name, ...rest }) => [name, rest] as const))('%s', async (_, { options, run }) => {
    await using backend = await RbdBackend.start({ confFile: ceph.confFile, options });
    const { cluster, pool } = storage;
    await run({ driver: backend.driver, cluster, pool, context: (signal) => backend.context(signal) });
  });
});
