import { DriverError } from '@scoria/core';
import { StoreError } from '@scoria/store';
import { setTimeout as delay } from 'node:timers/promises';
import { deferred } from './spec-support/deferred.js';
import { CALLER, EngineStage } from './spec-support/engine-stage.js';
import type { OperationRun } from './operation-handler.js';

const VOLUME = { volume: 'v' };

/** Work that goes on until it is told to end, or its signal is aborted. */
function endless(): { work: (_: unknown, run: OperationRun) => Promise<string>; end: () => void } {
  const { promise, resolve } = deferred<string>();
  const work = async (_: unknown, { context: { signal } }: OperationRun): Promise<string> => {
    const aborted = deferred<string>();
    const onAbort = (): void => {
      aborted.reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    return Promise.race([promise, aborted.promise]);
  };
  return {
    work,
    end: () => {
      resolve('ended');
    },
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}

describe('an operation', () => {
  it('is accepted, run and ended, with its steps and events', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = async (_, { context }) => {
      await context.step('write');
      context.progress({ done: 1, total: 2 });
      return 'made';
    };
    const { operationId, done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    expect(await done).toBe('made');
    expect(process.undoing.calls).toEqual(['accept', 'run', 'succeed']);
    expect(process.steps).toEqual(['accepted', 'write', 'ending']);
    const operation = {
      id: operationId,
      outcome: 'succeeded',
      step: 'write',
      progressDone: 1,
      progressTotal: 2,
    };
    expect(await process.operation()).toMatchObject(operation);
    expect(process.events.map(({ type }) => type)).toEqual([
      'operation-started',
      'operation-step',
      'operation-progress',
      'operation-ended',
    ]);
    expect(process.engine.running).toEqual([]);
  });

  it('takes back what it made when it fails, and leaves a message and its last step', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = async (_, { context }) => {
      await context.step('write');
      throw new DriverError({ code: 'no-space', message: 'the disk is full' });
    };
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    await expect(done).rejects.toMatchObject({ code: 'operation-failed', details: { code: 'no-space' } });
    expect(process.undoing.calls).toEqual(['accept', 'run', 'undo', 'fail no-space']);
    const ending = { outcome: 'failed', step: 'write', errorCode: 'no-space', errorText: 'the disk is full' };
    expect(await process.operation()).toMatchObject(ending);
    expect(await process.store.listMessages('v')).toMatchObject([{ text: 'the disk is full' }]);
  });

  it('is no defect when nobody listens to its failure', async () => {
    await using stage = await EngineStage.open();
    const one = await stage.process();
    const unhandled: unknown[] = [];
    const listener = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    one.undoing.work = () => Promise.reject(new Error('a defect'));
    await one.engine.submit(one.undoing, VOLUME, CALLER);
    await until(async () => (await one.operation()).outcome === 'failed');
    await delay(20);
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    expect((await one.operation()).errorText).toBe('make failed unexpectedly: a defect');
  });
});

describe('operations on one volume', () => {
  it.each([
    ['exclusive', 'exclusive', true],
    ['exclusive', 'shared', true],
    ['shared', 'exclusive', true],
    ['shared', 'shared', false],
  ] as const)('%s and %s: a conflict is %s', async (first, second, isConflict) => {
    await using stage = await EngineStage.open();
    const [one, other] = [await stage.process(), await stage.process()];
    const { work, end } = endless();
    one.undoing.work = work;
    const { operationId, done } = await one.engine.submit(one.undoing, { volume: 'v', mode: first }, CALLER);
    const next = other.engine.submit(other.resuming, { volume: 'v', mode: second }, CALLER);
    if (isConflict) {
      const since = (await one.operation()).createdAt;
      const message =
        `volume v is busy: the operation make (${operationId}) has held it since ${since}; ` +
        `wait for it (scoria operation watch ${operationId}) and try again`;
      await expect(next).rejects.toMatchObject({ code: 'conflict', message, details: { operationId } });
      expect(other.resuming.calls).toEqual([]);
    } else {
      expect(await (await next).done).toBe('done');
    }
    end();
    await done;
    expect(await (await other.engine.submit(other.resuming, VOLUME, CALLER)).done).toBe('done');
  });

  it('names the object that both want', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.claims = () => [
      { kind: 'volume', id: 'clone', mode: 'exclusive' },
      { kind: 'volume', id: 'source', mode: 'shared' },
    ];
    const { work, end } = endless();
    process.undoing.work = work;
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    await expect(process.engine.submit(process.resuming, { volume: 'source' }, CALLER)).rejects.toThrow(
      /^volume source is busy/,
    );
    end();
    await done;
  });

  it('run one after the other in a process, and so many at a time on a backend', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    const running: string[] = [];
    let most = 0;
    process.undoing.work = async ({ volume }) => {
      expect(running).not.toContain(volume);
      running.push(volume);
      most = Math.max(most, running.length);
      await delay(5);
      running.splice(running.indexOf(volume), 1);
      return volume;
    };
    const volumes = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'd'];
    const submitted = await Promise.all(
      volumes.map((volume) => process.engine.submit(process.undoing, { volume, mode: 'shared' }, CALLER)),
    );
    expect(await Promise.all(submitted.map(({ done }) => done))).toEqual(volumes);
    expect(most).toBe(2);
  });
});

describe('a cancel', () => {
  it('ends the operation of this process, and takes it back', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = endless().work;
    const { operationId, done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    expect(process.engine.cancel(operationId)).toBe(true);
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    expect(process.undoing.calls).toEqual(['accept', 'run', 'undo', 'fail cancelled']);
    expect((await process.operation()).outcome).toBe('cancelled');
    expect(process.engine.cancel(operationId)).toBe(false);
  });

  it('comes by the signal of the caller, also as an AbortError of what was aborted', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    const abort = new AbortController();
    process.undoing.work = async (_, { context }) => delay(60_000, 'late', { signal: context.signal });
    const { done } = await process.engine.submit(process.undoing, VOLUME, {
      ...CALLER,
      signal: abort.signal,
    });
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('comes from another process, within a second', async () => {
    await using stage = await EngineStage.open();
    const [one, other] = [await stage.process(), await stage.process()];
    one.undoing.work = endless().work;
    one.cancels.start();
    const { operationId, done } = await one.engine.submit(one.undoing, VOLUME, CALLER);
    const outcome = done.catch((error: unknown) => error);
    await other.store.changeOperation(operationId, { cancelRequested: true });
    await one.clock.advance(1000);
    expect(await outcome).toMatchObject({ code: 'cancelled' });
    await one.cancels.stop();
  });
});

describe('an end that cannot be written', () => {
  const unavailable = new StoreError({ code: 'unavailable', message: 'the database is away' });

  it('was written all the same, where only the answer was lost: nothing is undone', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = () => {
      process.troubles.transaction = async (work) => {
        await process.store.transaction(work);
        throw unavailable;
      };
      return Promise.resolve('made');
    };
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    expect(await done).toBe('made');
    expect(process.undoing.calls).toEqual(['accept', 'run', 'succeed']);
  });

  it('undoes nothing while it is not known, and is dealt with when the database is back', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = () => {
      process.troubles.transaction = () => Promise.reject(unavailable);
      process.troubles.getOperation = () => Promise.reject(unavailable);
      return Promise.resolve('made');
    };
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    await expect(done).rejects.toThrow(/has not ended yet and is tried again: the database is away/);
    expect(process.undoing.calls).toEqual(['accept', 'run']);
    await process.recovery.pass();
    expect(process.undoing.calls).toEqual(['accept', 'run']);
    delete process.troubles.transaction;
    delete process.troubles.getOperation;
    await process.recovery.pass();
    expect(process.undoing.calls).toEqual(['accept', 'run', 'undo', 'fail operation-failed']);
    expect((await process.operation()).outcome).toBe('failed');
  });

  it('of a state that is not as it should be takes back what was made', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.onSucceed = () => Promise.reject(new Error('no such row'));
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    await expect(done).rejects.toThrow('make failed unexpectedly: no such row');
    expect(process.undoing.calls).toEqual(['accept', 'run', 'succeed', 'undo', 'fail operation-failed']);
  });
});

describe('closing the engine', () => {
  it('lets what runs end, and takes no more', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    const { work, end } = endless();
    process.undoing.work = work;
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    const closing = process.engine.close(30_000);
    await expect(process.engine.submit(process.undoing, { volume: 'w' }, CALLER)).rejects.toThrow(
      'make was not begun: the manager is stopping; ask again when it runs',
    );
    end();
    expect(await done).toBe('ended');
    expect(await closing).toBe(true);
  });

  it('then takes back what can be, and leaves the rest to be gone on with by the next manager', async () => {
    await using stage = await EngineStage.open();
    const [one, next] = [await stage.process(), await stage.process()];
    one.undoing.work = endless().work;
    one.resuming.work = endless().work;
    const outcomes = [
      (await one.engine.submit(one.undoing, { volume: 'a' }, CALLER)).done,
      (await one.engine.submit(one.resuming, { volume: 'b' }, CALLER)).done,
    ].map((done) => done.catch((error: unknown) => (error as Error).message));
    const closing = one.engine.close(30_000);
    await one.clock.advance(30_000);
    expect(await closing).toBe(true);
    const [undone, left] = await Promise.all(outcomes);
    expect(undone).toBe('the operation was cancelled: the manager is stopping');
    expect(left).toMatch(/^remove \(.*\) has not ended yet and is tried again/);
    one.kill();
    await next.recovery.pass();
    expect(next.undoing.calls).toEqual([]);
    expect(next.resuming.calls).toEqual(['run', 'succeed']);
  });

  it('gives up on what does not listen', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    process.undoing.work = () => new Promise(() => undefined);
    await process.engine.submit(process.undoing, VOLUME, CALLER);
    await until(() => process.undoing.calls.includes('run'));
    const closing = process.engine.close(1000);
    await process.clock.advance(1000);
    await process.clock.advance(10_000);
    expect(await closing).toBe(false);
    expect(process.logger.lines.at(-1)?.message).toMatch(/operations do not end/);
  });
});
