export * from './errors.js';
export * from './model/client.js';
export * from './model/image.js';
export * from './model/pool.js';
