/**
 * What programs that only read records need of the contract: `@scoria/core/basics` loads neither the container nor
 * the option schemas, so that a command answers at once.
 */
export * from './errors.js';
export * from './ids.js';
export * from './models/status.js';
export * from './sizes.js';
