export * from './errors.js';
export * from './model/client.js';
export * from './model/head.js';
export * from './model/image.js';
export * from './model/long-call.js';
export * from './model/pool.js';
export * from './model/trash-delay.js';
export { NativeRbdClient } from './native/native-client.js';
