import type { GuardedDriver, OperationContext } from '@scoria/core';
import type { TreeCall } from './tree-world.js';

/** Has a driver do what a process is asked for. */
export async function callDriver(
  driver: GuardedDriver,
  context: OperationContext,
  call: TreeCall,
): Promise<void> {
  switch (call.method) {
    case 'createVolume':
      await driver.createVolume(context, call.volume);
      return;
    case 'deleteVolume':
      await driver.deleteVolume(context, call.volume);
      return;
    case 'extendVolume':
      await driver.extendVolume(context, call.volume, call.newSizeBytes);
      return;
    case 'createClonedVolume':
      await driver.createClonedVolume(context, call.volume, call.source);
      return;
    case 'createSnapshot':
      await driver.createSnapshot(context, call.snapshot);
      return;
    case 'deleteSnapshot':
      await driver.deleteSnapshot(context, call.snapshot);
      return;
    case 'createVolumeFromSnapshot':
      await driver.createVolumeFromSnapshot(context, call.volume, call.snapshot);
      return;
    case 'revertToSnapshot':
      await driver.revertToSnapshot(context, call.volume, call.snapshot);
  }
}
