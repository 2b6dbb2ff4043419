export * from './errors.js';
export * from './open-store.js';
export * from './records.js';
export * from './store.js';
