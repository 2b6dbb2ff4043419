/** A process that runs the RBD driver, has clones flattened in the background, and measures what it does meanwhile. */
import type { LogFields, OperationContext, Volume } from '@scoria/core';
import { applyUpdate, Container, createBackend, createContext, Logger, messageOf, MIB } from '@scoria/core';
import rbdPlugin from '@scoria/driver-rbd';
import { hostModule } from '@scoria/host';
import { makeVolume } from '@scoria/testkit';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured, QueueAnswer, QueueProcessOptions, QueueRequest } from './queue-message.js';

/** Tells of the flattenings; all else is not of interest here. */
class ProgressLogger implements Logger {
  debug(): void {
    // Not of interest.
  }
  info(_message: string, { image, done, total }: LogFields = {}): void {
    if (typeof image !== 'string' || typeof done !== 'number' || typeof total !== 'number') return;
    say({ kind: 'progress', image, done, total });
  }
  warn(message: string): void {
    process.stderr.write(`${message}\n`);
  }
  error(message: string): void {
    process.stderr.write(`${message}\n`);
  }
  child(): Logger {
    return this;
  }
}

const [, , text = ''] = process.argv;
const { options, stateDirectory } = JSON.parse(text) as QueueProcessOptions;
const root = new Container();
root.load(hostModule({ log: { level: 'error' } }));
const logger = new ProgressLogger();
(await root.rebindAsync<Logger>(Logger)).toConstantValue(logger);
const backend = await createBackend(root, rbdPlugin, { name: 'rbd', options, stateDirectory });

function context(): OperationContext {
  return createContext({ requestId: 'queue', logger });
}

function say(answer: QueueAnswer): void {
  process.send?.(answer);
}

async function clones(source: Volume, count: number): Promise<Volume[]> {
  const made: Volume[] = [];
  for (let number = 0; number < count; number += 1) {
    const volume = makeVolume({ sizeBytes: source.sizeBytes });
    const update = await backend.driver.createClonedVolume(context(), volume, source);
    made.push({ ...applyUpdate(volume, update), status: 'available' });
  }
  return made;
}

async function measure(rounds: number, pauseMs: number): Promise<Measured> {
  const measured = { create: [] as number[], delete: [] as number[] };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  for (let round = 0; round < rounds; round += 1) {
    await sleep(pauseMs);
    const volume = makeVolume({ sizeBytes: MIB });
    measured.create.push(await took(backend.driver.createVolume(context(), volume)));
    measured.delete.push(
      await took(backend.driver.deleteVolume(context(), { ...volume, status: 'available' })),
    );
  }
  delay.disable();
  return { ...measured, loopDelay: delay.max / 1e6 };
}

async function took(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

async function answer(request: QueueRequest): Promise<QueueAnswer> {
  try {
    if (request.order === 'measure')
      return { kind: 'measured', measured: await measure(request.rounds, request.pauseMs) };
    return { kind: 'cloned', volumes: await clones(request.source, request.count) };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

await backend.start(context());
process.on('message', (request: QueueRequest) => {
  answer(request).then(say, (error: unknown) => {
    throw error;
  });
});
process.once('disconnect', () => {
  backend.stop(context()).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
say({ kind: 'ready' });
