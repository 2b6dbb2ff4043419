import { DriverError } from '@scoria/core';
import { setTimeout as delay } from 'node:timers/promises';
import { CALLER, EngineStage } from './spec-support/engine-stage.js';
import type { EngineProcess } from './spec-support/engine-stage.js';
import type { OperationRun } from './operation-handler.js';
import type { TestHandler } from './spec-support/test-handler.js';

const VOLUME = { volume: 'v' };

async function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** An operation whose process is killed at its work. */
async function killedAt(process: EngineProcess, handler: TestHandler, note?: string): Promise<string> {
  handler.work = async (parameters, run) => {
    if (note !== undefined) await run.updateParameters({ ...parameters, note });
    return never();
  };
  const { operationId } = await process.engine.submit(handler, VOLUME, CALLER);
  while ((await process.operation()).parameters.note !== note || !handler.calls.includes('run'))
    await delay(5);
  process.kill();
  return operationId;
}

describe('what a dead process has left', () => {
  it.each([
    ['undoing', ['undo', 'fail operation-failed'], 'failed'],
    ['resuming', ['run', 'succeed'], 'succeeded'],
  ] as const)('%s: is dealt with by exactly one of five', async (name, calls, outcome) => {
    await using stage = await EngineStage.open();
    const dead = await stage.process();
    await killedAt(dead, dead[name]);
    const others = await Promise.all([1, 2, 3, 4, 5].map(() => stage.process()));
    await Promise.all(others.map(({ recovery }) => recovery.pass()));
    await Promise.all(others.map(({ recovery }) => recovery.pass()));
    expect(others.flatMap((one) => one[name].calls)).toEqual(calls);
    expect(await dead.operation()).toMatchObject({ outcome, takeovers: 1 });
  });

  it('is left alone while the process lives', async () => {
    await using stage = await EngineStage.open();
    const [alive, other] = [await stage.process(), await stage.process()];
    alive.undoing.work = never;
    await alive.engine.submit(alive.undoing, VOLUME, CALLER);
    await other.recovery.pass();
    expect(other.undoing.calls).toEqual([]);
    expect((await other.operation()).outcome).toBe('running');
  });

  it('is dealt with by the parameters that were stored last', async () => {
    await using stage = await EngineStage.open();
    const [dead, other] = [await stage.process(), await stage.process()];
    await killedAt(dead, dead.undoing, 'on the second backend');
    await other.recovery.pass();
    expect(other.undoing.calls[0]).toBe('undo on the second backend');
  });

  it('is what a later look waits for too', async () => {
    await using stage = await EngineStage.open();
    const [dead, other] = [await stage.process(), await stage.process()];
    await killedAt(dead, dead.undoing);
    let goOn = (): void => undefined;
    other.undoing.takeBack = async () => new Promise<void>((resolve) => (goOn = resolve));
    other.recovery.soon();
    while (!other.undoing.calls.includes('undo')) await delay(5);
    const later = other.recovery.pass().then(async () => (await other.operation()).outcome);
    await delay(50);
    goOn();
    expect(await later).toBe('failed');
  });

  it('makes way for whoever wants the volume', async () => {
    await using stage = await EngineStage.open();
    const [dead, other] = [await stage.process(), await stage.process()];
    await killedAt(dead, dead.undoing);
    expect(other.recovery).toBeDefined();
    const { done } = await other.engine.submit(other.resuming, VOLUME, CALLER);
    expect(await done).toBe('done');
    expect(other.undoing.calls).toEqual(['undo', 'fail operation-failed']);
  });

  it.each([
    ['undoing', 'takeBack', ['undo', 'undo', 'fail operation-failed']],
    ['resuming', 'work', ['run', 'run', 'succeed']],
  ] as const)('%s: waits for a backend that is down', async (name, part, calls) => {
    await using stage = await EngineStage.open();
    const [dead, other] = [await stage.process(), await stage.process()];
    await killedAt(dead, dead[name]);
    other.isDown = true;
    other[name][part] = async (_: unknown, run: OperationRun) => (await run.backend('one')).name as never;
    await other.recovery.pass();
    expect((await other.operation()).outcome).toBe('running');
    expect(other.logger.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'an operation could not be ended and is tried again' },
    ]);
    other.isDown = false;
    await other.recovery.pass();
    expect(other[name].calls).toEqual(calls);
    expect((await other.operation()).outcome).not.toBe('running');
  });

  it('of a newer version is left to it', async () => {
    await using stage = await EngineStage.open();
    const [dead, other] = [await stage.process(), await stage.process()];
    Object.assign(dead.undoing, { kind: 'teleport' });
    await killedAt(dead, dead.undoing);
    await other.recovery.pass();
    await other.recovery.pass();
    expect(await other.operation()).toMatchObject({ outcome: 'running', takeovers: 0 });
    expect(other.logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('is found by looking every ten seconds, also while other work goes on', async () => {
    await using stage = await EngineStage.open();
    const [dead, second, other] = [await stage.process(), await stage.process(), await stage.process()];
    await killedAt(dead, dead.resuming);
    other.resuming.work = never;
    other.recovery.watch();
    await other.clock.advance(10_000);
    while (other.resuming.calls.length === 0) await delay(5);
    second.undoing.work = never;
    const { operationId } = await second.engine.submit(second.undoing, { volume: 'w' }, CALLER);
    second.kill();
    while (other.clock.sleeping === 0) await delay(5);
    await other.clock.advance(10_000);
    while ((await other.store.getOperation(operationId))?.outcome === 'running') await delay(5);
    expect(other.undoing.calls).toEqual(['undo', 'fail operation-failed']);
    await other.recovery.stop();
  });
});

describe('a backend that is away at the undo', () => {
  it('keeps the operation until it is back, and then says why it failed', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    const away = new DriverError({ code: 'unavailable', message: 'the array does not answer' });
    process.undoing.work = () => Promise.reject(away);
    process.undoing.takeBack = () => Promise.reject(away);
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    await expect(done).rejects.toThrow('has not ended yet');
    await process.recovery.pass();
    expect((await process.operation()).outcome).toBe('running');
    process.undoing.takeBack = () => Promise.resolve();
    await process.recovery.pass();
    expect(await process.operation()).toMatchObject({
      outcome: 'failed',
      errorText: 'the array does not answer',
    });
  });
});

describe('a lock that is lost', () => {
  it('ends the work, leaves it to others, and new work has a new owner', async () => {
    await using stage = await EngineStage.open();
    const [one, other] = [await stage.process(), await stage.process()];
    one.undoing.work = async (_, { context }) => delay(60_000, 'late', { signal: context.signal });
    const { operationId, done } = await one.engine.submit(one.undoing, VOLUME, CALLER);
    const outcome = done.catch((error: unknown) => (error as Error).message);
    const before = (await one.operation()).ownerId;
    one.lostLocks[0]?.(new Error('the session is gone'));
    expect(await outcome).toMatch(/is finished by another process now/);
    expect(one.undoing.calls).toEqual(['accept', 'run']);
    await other.recovery.pass();
    expect(other.undoing.calls).toEqual(['undo', 'fail operation-failed']);
    one.undoing.work = () => Promise.resolve('done');
    const next = await one.engine.submit(one.undoing, VOLUME, CALLER);
    expect(await next.done).toBe('done');
    expect(next.operationId).not.toBe(operationId);
    expect((await one.store.getOperation(next.operationId))?.ownerId).not.toBe(before);
  });

  it('has this process take its own work over, once that has ended', async () => {
    await using stage = await EngineStage.open();
    const process = await stage.process();
    const order: string[] = [];
    process.undoing.work = async (_, { context }) => {
      await delay(60_000, undefined, { signal: context.signal }).catch(() => undefined);
      await delay(50);
      order.push('ended');
      return 'made';
    };
    process.undoing.takeBack = () => Promise.resolve(void order.push('undone'));
    const { done } = await process.engine.submit(process.undoing, VOLUME, CALLER);
    done.catch(() => undefined);
    while (!process.undoing.calls.includes('run')) await delay(5);
    process.lostLocks[0]?.(new Error('the session is gone'));
    await delay(10);
    await process.recovery.pass();
    expect(order).toEqual(['ended', 'undone']);
    expect(await process.operation()).toMatchObject({ outcome: 'failed', takeovers: 1 });
  });
});
