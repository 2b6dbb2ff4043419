import { ContainerModule, defineDriver } from '@scoria/core';
import { AcmeClient } from './acme-client.js';
import { AcmeDriver } from './acme-driver.js';
import { ACME_OPTIONS } from './options.js';

/** Volumes on an Acme array; `volume_driver: "@scoria-examples/vendor-driver"`. */
export default defineDriver({
  name: 'acme-array',
  apiRange: '^1.0.0',
  options: ACME_OPTIONS,
  capabilities: ['clone', 'revert', 'onlineSnapshot', 'onlineExtend', 'changedBlocks', 'trim'],
  driver: AcmeDriver,
  bindings: new ContainerModule(({ bind }) => {
    bind(AcmeClient).toSelf().inSingletonScope();
  }),
});
