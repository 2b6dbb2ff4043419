/**
 * The process that is killed. It takes orders from its standard input, one JSON document a line: starts the driver
 * on a share, does one operation, and says 'done' or what went wrong.
 */
import { messageOf } from '@scoria/core';
import { createInterface } from 'node:readline';
import { startDriver } from '../support/driver-on-directory.js';
import { OPERATIONS } from './operations.js';
import type { BaseFormat, Records } from './scene.js';
import { recordsIn } from './scene.js';

export interface ProgramOrder {
  readonly directory: string;
  readonly operation: string;
  readonly format: BaseFormat;
  readonly records: Records;
  /** SIGKILL at the beginning of this step, counted from 1. */
  readonly killAtStep?: number;
  /** Where the programs are. */
  readonly systemPath?: string;
}

async function obey({
  directory,
  operation,
  format,
  records,
  killAtStep,
  systemPath,
}: ProgramOrder): Promise<void> {
  let steps = 0;
  const onStep = (): void => {
    steps += 1;
    if (steps === killAtStep) process.kill(process.pid, 'SIGKILL');
  };
  const host = systemPath === undefined ? {} : { systemPath };
  await using on = await startDriver(directory, { options: { local_volume_format: format }, host, onStep });
  const wanted = OPERATIONS.find(({ name }) => name === operation)!;
  await wanted.run(on.driver, on.context(), recordsIn(directory, records));
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await obey(JSON.parse(line) as ProgramOrder);
    console.log('done');
  } catch (error) {
    console.log(`failed: ${messageOf(error)}`);
  }
}
