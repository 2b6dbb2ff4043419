export * from './describe-client.js';
export { emptyPool } from './empty-pool.js';
export { IntrudedRbdClient } from './intruded-client.js';
export { type RbdCase, type RbdHarness, Scene } from './scene.js';
export { comparePools } from './random/compare-clusters.js';
