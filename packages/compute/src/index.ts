export * from './compute-settings.js';
export { createNovaCompute, createTokenCheck } from './create-nova-compute.js';
export type * from './keystone/token-check.js';
export type * from './nova/snapshot-reports.js';
