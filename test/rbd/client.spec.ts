import { NativeRbdClient } from '@scoria/librbd';
import { clientCases, describeClient } from '@scoria/librbd/testing';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';

let ceph: CephCluster;

beforeAll(async () => {
  ceph = await CephCluster.start({ pools: ['rbd', 'other'] });
});

afterAll(async () => ceph[Symbol.asyncDispose]());

describeClient(
  'a real cluster',
  () => ({
    pools: ['rbd', 'other'],
    connect: async () => new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: 20_000 }),
  }),
  someOf(clientCases, 1 / 4),
);
