import { NativeRbdClient } from '@scoria/librbd';
import { describeClient } from '@scoria/librbd/testing';
import { CephCluster } from '../support/ceph-cluster.js';

let ceph: CephCluster;

beforeAll(async () => {
  ceph = await CephCluster.start({ pools: ['rbd', 'other'] });
});

afterAll(async () => ceph[Symbol.asyncDispose]());

describeClient('a real cluster', () => ({
  pools: ['rbd', 'other'],
  connect: async () => new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: 20_000 }),
}));
