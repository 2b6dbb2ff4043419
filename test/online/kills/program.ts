/**
 * The process that is killed while a guest runs. It takes orders from its standard input, one JSON document a line:
 * starts the driver on a directory, does one operation, names each step of it, and says 'done' or what went wrong.
 */
import { messageOf } from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';
import { createInterface } from 'node:readline';
import { startDriver } from '../../support/driver-on-directory.js';
import type { Order } from './orders.js';
import { STEP } from './orders.js';
import { doWork } from './work.js';

async function obey({
  work,
  directory,
  format,
  bytesPerSecond,
  killAtStep,
  killBefore,
}: Order): Promise<void> {
  let steps = 0;
  const onStep = (name: string): void => {
    steps += 1;
    if (steps === killAtStep) {
      if (killBefore !== undefined) process.kill(killBefore, 'SIGKILL');
      process.kill(process.pid, 'SIGKILL');
    }
    console.log(`${STEP}${name}`);
  };
  const compute = new QmpCompute(bytesPerSecond === undefined ? {} : { bytesPerSecond });
  await using on = await startDriver(directory, {
    options: { local_volume_format: format },
    compute,
    onStep,
  });
  await doWork(on.driver, on.context(), work);
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await obey(JSON.parse(line) as Order);
    console.log('done');
  } catch (error) {
    console.log(`failed: ${messageOf(error)}`);
  }
}
