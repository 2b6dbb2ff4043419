import type { CephCluster } from '../support/ceph-cluster.js';
import { runCephTrees, startClusterForKills } from './trees/run-ceph-trees.js';

/** How long `npm test` goes on with new sequences. */
const LONGEST_MS = 12_000;

let ceph: CephCluster;
beforeAll(async () => {
  ceph = await startClusterForKills();
});
afterAll(() => ceph[Symbol.asyncDispose]());

it('leaves on real Ceph what the records say, whenever a process is killed', async () => {
  const end = Date.now() + LONGEST_MS;
  const count = await runCephTrees(ceph, Date.now() % 2 ** 31, () => Date.now() > end);
  expect(count).toBeGreaterThan(0);
});
