import { Clock, Container, ContainerModule, LockManager, Logger, messageOf } from '@scoria/core';
import { hostModule, mountRules } from '@scoria/host';
import { openStore, Store } from '@scoria/store';
import path from 'node:path';
import { mountBasesOf } from './backends/mount-bases.js';
import { RootContainer } from './backends/root-container.js';
import { backendsContainer } from './compute/backends-container.js';
import { Configuration } from './configuration.js';
import { configuredSecrets } from './configuration/configured-secrets.js';
import { DefaultVolumeManager } from './default-volume-manager.js';
import { noObserver, StepObserver } from './engine/step-observer.js';
import { managerModule } from './manager-module.js';
import { maskSecrets } from './mask-secrets.js';
import { operationsModule } from './operations/operations-module.js';
import { bindViews } from './views/views-module.js';
import type { VolumeManager } from './volume-manager.js';

export interface VolumeManagerOptions {
  /**
   * For a single command: no backend starts before it is needed, none is kept up, and nothing is published of them.
   * `start` only deals with what dead processes have left.
   */
  readonly forCommand?: boolean;
  /**
   * The container with the host's ports, where the program has one already; the locks of a process work only with
   * one. Made unless given.
   */
  readonly root?: Container;
  readonly stepObserver?: StepObserver;
}

/**
 * A volume manager on the state of a configuration. Nothing runs before `start`; `stop` ends it.
 * @throws StoreError where the records cannot be opened
 */
export async function createVolumeManager(
  configuration: Configuration,
  options: VolumeManagerOptions = {},
): Promise<VolumeManager> {
  const root = options.root ?? hostContainer(configuration);
  maskSecrets(root, configuredSecrets(configuration));
  const logger = root.get<Logger>(Logger);
  const store = await openStore({
    url: configuration.databaseUrl,
    clock: root.get<Clock>(Clock),
    lockManager: root.get<LockManager>(LockManager),
    lockDirectory: path.join(configuration.statePath, 'owners'),
    onLostConnection: (error) => {
      logger.warn('a connection to the database was lost', { reason: messageOf(error) });
    },
  });
  try {
    const container = new Container({ parent: root });
    container.bind(Configuration).toConstantValue(configuration);
    container.bind(Store).toConstantValue(store);
    container.bind(RootContainer).toConstantValue(backendsContainer(root, container));
    container.bind(StepObserver).toConstantValue(options.stepObserver ?? noObserver);
    container.load(
      managerModule,
      operationsModule,
      new ContainerModule(({ bind }) => {
        bindViews(bind);
      }),
    );
    return new DefaultVolumeManager(container, options.forCommand ?? false);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function hostContainer(configuration: Configuration): Container {
  const root = new Container();
  const allow = mountBasesOf(configuration).flatMap(mountRules);
  root.load(hostModule({ log: { level: configuration.logLevel }, privileges: { allow } }));
  return root;
}
