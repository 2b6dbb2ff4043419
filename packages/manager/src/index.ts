export * from './configuration.js';
export * from './errors.js';
export * from './requests.js';
export * from './views.js';
export * from './volume-manager.js';
