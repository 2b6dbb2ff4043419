import type { Flattening, Volume } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';
import { deepSource, FLATTEN_CLONES } from './queue/deep-source.js';
import { RbdBackend } from './rbd-backend.js';

const SIZE = 32 * GIB;
const DATA = 64 * MIB;
/** MiB: many small objects take their time. */
const SMALL_OBJECTS = { rbd_store_chunk_size: 1 };
const LOOK_MS = 100;

it('tells another process how far clones are with becoming independent, and how many wait', async () => {
  await using ceph = await CephCluster.start();
  const { confFile } = ceph;
  await using storage = await CephStorage.open(ceph);
  await using looking = await RbdBackend.start({ confFile, options: SMALL_OBJECTS });
  const options = { ...SMALL_OBJECTS, ...FLATTEN_CLONES, rbd_concurrent_flatten_operations: 1 };
  await using working = await RbdBackend.start({ confFile, options });
  const { ancestor, source } = await deepSource(looking, SIZE, DATA);
  const clones = [await working.clone(source), await working.clone(source)];

  const stateOf = async (volume: Volume): Promise<Flattening | undefined> =>
    (await looking.driver.chainOf(looking.context(), volume, [])).at(-1)?.flattening;
  const seen = { percents: new Set<number>(), counts: new Set<string>() };
  for (;;) {
    const states = await Promise.all(clones.map(stateOf));
    if (states.every((state) => state === undefined)) break;
    for (const state of states) if (state?.state === 'running') seen.percents.add(state.percent);
    const { pools } = await looking.driver.stats(looking.context());
    seen.counts.add(JSON.stringify(pools[0]?.flattening));
    await sleep(LOOK_MS);
  }
  console.log(`seen: ${[...seen.percents].join(', ')} %; ${[...seen.counts].join(' ')}`);
  expect(seen.counts).toContain(JSON.stringify({ running: 1, waiting: 1 }));
  expect([...seen.percents].some((percent) => percent > 0 && percent <= 100)).toBe(true);

  for (const volume of [...clones, source, ancestor]) await looking.deleteVolume(volume);
  expect([await storage.names(), await storage.journal()]).toEqual([[], []]);
  expect(await storage.pool.keys('scoria_progress')).toEqual(new Map());
});
