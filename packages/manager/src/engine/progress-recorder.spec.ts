import type { Changes, OperationRecord } from '@scoria/store';
import { MemoryLogger } from '@scoria/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { ProgressRecorder } from './progress-recorder.js';
import { deferred } from './spec-support/deferred.js';

type Written = Changes<OperationRecord>[];

function recorder(
  written: Written,
  write: () => Promise<boolean> = () => Promise.resolve(true),
): { recorder: ProgressRecorder; logger: MemoryLogger } {
  const logger = new MemoryLogger();
  const records = {
    changeOperation: async (_: string, changes: Changes<OperationRecord>): Promise<boolean> => {
      written.push(changes);
      return write();
    },
  };
  return { recorder: new ProgressRecorder(records, 'operation', logger), logger };
}

describe('the progress of an operation', () => {
  it('is written as it is then, some times a second, however often it is told', async () => {
    const written: Written = [];
    const { recorder: progress } = recorder(written);
    progress.step('copy');
    const began = performance.now();
    const end = began + 20_000;
    for (let done = 0; written.length < 3 && performance.now() < end; done += 1) {
      progress.progress({ done, total: 1_000_000 });
      if (done % 100 === 0) await delay(1);
    }
    // Three times 200 ms; a timer may be a little early.
    expect(performance.now() - began).toBeGreaterThan(590);
    await progress.stop();
    expect(written).toHaveLength(3);
    expect(written[0]).toMatchObject({ step: 'copy', progressTotal: 1_000_000 });
  });

  it('is left to the end where that comes first', async () => {
    const written: Written = [];
    const { recorder: progress } = recorder(written);
    progress.step('copy');
    progress.progress({ done: 1, total: 2 });
    expect(await progress.stop()).toEqual({ step: 'copy', progressDone: 1, progressTotal: 2 });
    await delay(250);
    expect(written).toEqual([]);
  });

  it('is written one after the other where the database is slow', async () => {
    const written: Written = [];
    const slow = deferred<boolean>();
    const { recorder: progress } = recorder(written, () => slow.promise);
    progress.step('one');
    await delay(250);
    progress.step('two');
    await delay(250);
    expect(written).toHaveLength(1);
    slow.resolve(true);
    await delay(250);
    expect(written.map(({ step }) => step)).toEqual(['one', 'two']);
    expect(await progress.stop()).toEqual({});
  });

  it('fails nothing where it cannot be written', async () => {
    const { recorder: progress, logger } = recorder([], () => Promise.reject(new Error('no database')));
    progress.step('one');
    await delay(250);
    await progress.stop();
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { reason: 'no database' } }]);
  });
});
