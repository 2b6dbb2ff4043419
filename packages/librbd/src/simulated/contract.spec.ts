import { describeClient } from '../testing/index.js';
import { SimulatedCeph } from './simulated-ceph.js';
import { SimulatedRbdClient } from './simulated-client.js';

const ceph = new SimulatedCeph({ pools: ['rbd', 'other'] });

describeClient('a simulated cluster', () => ({
  pools: ['rbd', 'other'],
  connect: async () => new SimulatedRbdClient(ceph).connect({ timeoutMs: 5000 }),
}));
