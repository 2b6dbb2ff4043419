import { createVolumeManager } from '@scoria/manager';
import { CALLER, configurationOf, ended } from './managed.js';

/** What the process does until it stops in the middle, at the first step of the driver. */
export interface StoppingOrder {
  readonly directory: string;
  readonly databaseUrl: string;
  readonly operation: 'create-snapshot' | 'delete-volume';
  readonly volume: string;
}

const order = JSON.parse(process.argv[2] ?? '{}') as StoppingOrder;
const manager = await createVolumeManager(configurationOf(order.directory, order.databaseUrl), {
  stepObserver: {
    onStep: async (_, step) => {
      if (step === 'accepted') return;
      process.stdout.write(`holding at ${step}\n`);
      await new Promise(() => setInterval(() => undefined, 1000));
    },
  },
});
await manager.start();
await manager.settled();
if (order.operation === 'delete-volume') await ended(manager.deleteVolume(CALLER, order.volume));
else await ended(manager.createSnapshot(CALLER, { volume: order.volume, name: 'half' }));
