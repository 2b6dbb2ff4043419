import { IMAGES_POOL } from '@scoria/driver-rbd/testing';
import { applies, conformanceCases } from '@scoria/testkit';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';
import { cephHarness, CephStorage } from './ceph-storage.js';

interface Setting {
  readonly name: string;
  readonly cloneFormat: 1 | 2;
  readonly auth: 'none' | 'cephx';
  /** How many of the cases `npm test` takes. */
  readonly part: number;
}

const SETTINGS: readonly Setting[] = [
  { name: 'clone format 2', cloneFormat: 2, auth: 'none', part: 0.06 },
  { name: 'clone format 1, with cephx', cloneFormat: 1, auth: 'cephx', part: 0.06 },
];

describe.each(SETTINGS)('the RBD driver on real Ceph, $name', ({ cloneFormat, auth, part }) => {
  let cluster: CephCluster;
  let storage: CephStorage;

  beforeAll(async () => {
    cluster = await CephCluster.start({ cloneFormat, auth, pools: ['rbd', IMAGES_POOL] });
    storage = await CephStorage.open(cluster);
  });
  afterAll(async () => {
    await storage[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const harness = cephHarness(() => storage);
  const { capabilities } = harness.plugin;
  const cases = conformanceCases.filter((candidate) => applies(candidate, capabilities));

  it.each(someOf(cases, part).map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await run(harness);
  });
});
