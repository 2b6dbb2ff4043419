export * from './describe-store.js';
export * from './store-case.js';
