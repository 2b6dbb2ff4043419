import type { BackendStats } from '@scoria/core';
import { deferred } from '../engine/spec-support/deferred.js';
import { setTimeout as delay } from 'node:timers/promises';
import { StatisticsWatch } from './statistics-watch.js';

const STATS: BackendStats = { vendorName: 'Acme', storageProtocol: 'memory', pools: [] };
const { signal } = new AbortController();

describe('StatisticsWatch', () => {
  it('asks each time, and lets failures through', async () => {
    const watch = new StatisticsWatch(60_000);
    await expect(watch.ask(signal, () => Promise.resolve(STATS))).resolves.toBe(STATS);
    await expect(watch.ask(signal, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    await expect(watch.ask(signal, () => Promise.resolve(STATS))).resolves.toBe(STATS);
  });

  it('tells of one that is slow, and does not ask again before it has answered', async () => {
    const watch = new StatisticsWatch(20);
    const answers = [deferred<BackendStats>(), deferred<BackendStats>()];
    let asked = 0;
    const stats = async (): Promise<BackendStats> => answers[asked++]?.promise ?? STATS;
    const late = { code: 'timeout', message: expect.stringContaining('longer than 0.02 s') as string };
    await expect(watch.ask(signal, stats)).rejects.toMatchObject(late);
    await expect(watch.ask(signal, stats)).rejects.toMatchObject(late);
    expect(asked).toBe(1);
    answers[0]?.resolve(STATS);
    await delay(0);
    answers[1]?.resolve({ ...STATS, vendorName: 'afresh' });
    await expect(watch.ask(signal, stats)).resolves.toMatchObject({ vendorName: 'afresh' });
  });
});
