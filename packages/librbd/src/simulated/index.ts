export * from './faults.js';
export * from './simulated-ceph.js';
export { SimulatedRbdClient } from './simulated-client.js';
export type { PoolSettings } from './state/pool-settings.js';
