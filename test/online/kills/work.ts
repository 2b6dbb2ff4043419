import type { GuardedDriver, OperationContext } from '@scoria/core';
import type { Work } from './orders.js';

/** Does it, as a manager would ask for it. */
export async function doWork(driver: GuardedDriver, context: OperationContext, work: Work): Promise<void> {
  switch (work.do) {
    case 'create-snapshot':
      await driver.createSnapshot(context, work.snapshot);
      break;
    case 'delete-snapshot':
      await driver.deleteSnapshot(context, work.snapshot);
      break;
    case 'clone':
      await driver.createClonedVolume(context, work.clone, work.source);
      break;
  }
}
