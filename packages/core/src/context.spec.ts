import { createContext, throwIfCancelled } from './context.js';
import { abortedContext, aContext, KeepingLogger, rejection } from './fixtures/objects.js';

describe('createContext', () => {
  it('tells of steps and progress in order', async () => {
    const told: unknown[] = [];
    const context = createContext({
      requestId: 'req-1',
      logger: new KeepingLogger(),
      onProgress: (progress) => told.push(progress),
      onStep: (name) => {
        told.push(name);
      },
    });
    await context.step('copy');
    context.progress({ done: 1, total: 2 });
    await context.step('rename');
    expect(told).toEqual(['copy', { done: 1, total: 2 }, 'rename']);
  });

  it('waits until a step is recorded, and fails where it cannot be', async () => {
    const onStep = async (): Promise<void> => Promise.reject(new Error('the records are gone'));
    const context = createContext({ requestId: 'req-1', logger: new KeepingLogger(), onStep });
    await expect(context.step('copy')).rejects.toThrow('the records are gone');
  });

  it('needs neither a signal nor listeners', async () => {
    const context = aContext();
    expect(context.signal.aborted).toBe(false);
    context.progress({ done: 1, total: 2 });
    await expect(context.step('copy')).resolves.toBeUndefined();
  });

  it('stops before the next step when it was cancelled meanwhile', async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const context = createContext({
      requestId: 'req-1',
      logger: new KeepingLogger(),
      signal: controller.signal,
      onStep: (name) => {
        steps.push(name);
      },
    });
    await context.step('one');
    controller.abort(new Error('enough'));
    expect(await rejection(context.step('two'))).toMatchObject({
      name: 'DriverError',
      code: 'cancelled',
      message: 'the operation req-1 was cancelled',
      cause: new Error('enough'),
    });
    expect(steps).toEqual(['one']);
  });
});

describe('throwIfCancelled', () => {
  it('throws only where the signal is aborted', () => {
    expect(() => {
      throwIfCancelled(aContext());
    }).not.toThrow();
    expect(() => {
      throwIfCancelled(abortedContext());
    }).toThrow('the operation req-1 was cancelled');
  });
});
