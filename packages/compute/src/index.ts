export * from './compute-settings.js';
export { createNovaCompute } from './create-nova-compute.js';
export type * from './nova/snapshot-reports.js';
