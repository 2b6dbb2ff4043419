export * from './block-device.js';
export * from './context.js';
export * from './driver/capabilities.js';
export * from './driver/guard-driver.js';
export * from './driver/method-rules.js';
export * from './driver/to-driver-error.js';
export * from './driver/volume-driver.js';
export * from './errors.js';
export * from './ids.js';
export * from './models/connection.js';
export * from './models/manage.js';
export * from './models/stats.js';
export * from './models/status.js';
export * from './models/volume.js';
export * from './options/option-schema.js';
export * from './options/validate-options.js';
export * from './plugin/backend.js';
export * from './plugin/define-driver.js';
export * from './plugin/load-plugin.js';
export * from './plugin/tokens.js';
export * from './ports/clock.js';
export * from './ports/command-runner.js';
export * from './ports/lock-manager.js';
export * from './ports/logger.js';
export * from './sizes.js';
// A driver author's whole vocabulary, so that a driver needs this package only; and the host's container, because
// it has to be of the same copy of inversify as the backends' containers.
export { Container, ContainerModule, inject, injectable } from 'inversify';
export { Type } from 'typebox';
