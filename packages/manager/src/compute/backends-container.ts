import { Clock, ComputeApi, Container } from '@scoria/core';
import { Store } from '@scoria/store';
import { hostname } from 'node:os';
import { Configuration } from '../configuration.js';
import { guestsOfVolume } from '../driver-objects.js';
import { Ports } from '../ports.js';
import { ComputeChoice } from './compute-choice.js';
import { LazyCompute } from './lazy-compute.js';
import { novaComputeOf } from './nova.js';
import { StoredReports } from './stored-reports.js';

/**
 * The container of which each backend's is a child: what the process has, and how guests are asked that use volumes.
 * A `ComputeApi` that `root` has already is the one of its program's choice.
 * @param manager where the configuration and the records are, asked when a backend needs them
 */
export function backendsContainer(root: Container, manager: Container): Container {
  const container = new Container({ parent: root });
  if (root.isBound(ComputeApi)) return container;
  container
    .bind<ComputeApi>(ComputeApi)
    .toDynamicValue(() => guestsOf(manager))
    .inSingletonScope();
  return container;
}

function guestsOf(manager: Container): ComputeApi {
  const clock = manager.get<Clock>(Clock);
  const reports = new StoredReports(manager.get(Ports));
  const store = manager.get<Store>(Store);
  return new ComputeChoice({
    hostName: hostname(),
    recorded: async (volumeId) => guestsOfVolume(store, volumeId),
    monitor: new LazyCompute(async () => {
      const { QmpCompute } = await import('@scoria/disk-image');
      return new QmpCompute();
    }),
    service: novaComputeOf(manager.get<Configuration>(Configuration), { clock, reports }),
  });
}
