import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { snapshotOf, volumeOf } from '../samples.js';
import { storeCase, storesCase } from '../store-case.js';
import { turn } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

/** Limits and counters. */
export const quotaCases: readonly StoreCase[] = [
  storeCase('limits are stored, changed and taken back to the defaults', async (store) => {
    const limits = async (): Promise<number[]> =>
      (await store.quotaUsage('p', { volumes: 10, snapshots: 5 })).map(({ limit }) => limit);
    assertSame(await limits(), [10, 5, -1]);
    await store.setQuotaLimit('p', 'volumes', 3);
    await store.setQuotaLimit('p', 'gigabytes', Number.MAX_SAFE_INTEGER);
    assertSame(await limits(), [3, 5, Number.MAX_SAFE_INTEGER]);
    await store.setQuotaLimit('p', 'volumes', -1);
    assertSame(await limits(), [-1, 5, Number.MAX_SAFE_INTEGER]);
    await store.setQuotaLimit('p', 'volumes', undefined);
    assertSame(await limits(), [10, 5, Number.MAX_SAFE_INTEGER]);
    assertSame(await store.listProjects(), ['p']);
  }),
  storeCase('a counter stops at its limit, and not below it', async (store) => {
    const add = async (delta: number, limit?: number): Promise<boolean> =>
      store.addQuotaUsage('p', 'gigabytes', delta, limit);
    assert.equal(await add(2 ** 41, 2 ** 41), true);
    assert.equal(await add(1, 2 ** 41), false);
    assert.equal(await add(0, 2 ** 41), true);
    assert.equal(await add(-(2 ** 40)), true);
    assert.equal(await add(2 ** 40, 2 ** 41), true);
    assert.equal(await add(5, -1), true);
    const usage = await store.quotaUsage('p');
    assertSame(usage.at(-1), { resource: 'gigabytes', limit: -1, inUse: 2 ** 41 + 5 });
  }),
  storeCase('what counts is counted afresh, by project', async (store) => {
    const volume = volumeOf({ sizeBytes: 2 ** 40 });
    await store.insertVolume(volume);
    await store.insertVolume(volumeOf({ sizeBytes: 5, countsInQuota: false }));
    await store.insertVolume(volumeOf({ sizeBytes: 7, projectId: 'other' }));
    await store.insertSnapshot(snapshotOf(volume));
    const expected = { volumes: 1, snapshots: 1, gigabytes: 2 ** 41 };
    assertSame(await store.countQuotaUsage('project'), expected);
    assertSame(await store.countQuotaUsage('none'), { volumes: 0, snapshots: 0, gigabytes: 0 });
    assertSame(await store.listProjects(), ['other', 'project']);
  }),
  storesCase('of many at once as many fit as the limit lets, and not one more', 4, async (stores) => {
    const limit = 10;
    const tries = Array.from({ length: 40 }, (_, index) =>
      turn(stores, index).addQuotaUsage('p', 'volumes', 1, limit),
    );
    const accepted = (await Promise.all(tries)).filter((fits) => fits);
    assert.equal(accepted.length, limit);
    assert.equal((await stores[0].quotaUsage('p'))[0]?.inUse, limit);
  }),
  storesCase('rows and counters that change together never differ for who locks first', 3, async (stores) => {
    const [reader, ...writers] = stores;
    const state = { isDone: false };
    const writing = Promise.all(
      writers.map(async (store) => {
        for (let round = 0; round < 25; round += 1)
          await store.transaction(async (records) => {
            await records.insertVolume(volumeOf({ projectId: 'p' }));
            await records.addQuotaUsage('p', 'volumes', 1);
          });
      }),
    ).finally(() => (state.isDone = true));
    while (!state.isDone) {
      const [counted, usage] = await reader.transaction(async (records) => {
        await records.addQuotaUsage('p', 'volumes', 0);
        return [await records.countQuotaUsage('p'), await records.quotaUsage('p')] as const;
      });
      assert.equal(usage[0]?.inUse, counted.volumes);
      await delay(1);
    }
    await writing;
    assert.equal((await reader.countQuotaUsage('p')).volumes, 25 * writers.length);
  }),
];
