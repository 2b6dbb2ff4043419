import assert from 'node:assert/strict';
import type { StoreCase, StoreHarness } from '../store-case.js';
import { assertSame } from '../store-case.js';
import { storesCase } from '../store-case.js';
import { volumeOf } from '../samples.js';

/** Making the tables. */
export const openingCases: readonly StoreCase[] = [
  storesCase('eight that open a new database at once all find the tables', 8, async (stores) => {
    await Promise.all(stores.map((store) => store.insertVolume(volumeOf())));
    for (const store of stores) assert.equal(await store.countVolumes(), stores.length);
  }),
  {
    name: 'opening again changes nothing',
    run: async (harness: StoreHarness): Promise<void> => {
      const volume = volumeOf();
      const first = await harness.open();
      await first.insertVolume(volume);
      await first.close();
      const second = await harness.open();
      assertSame(await second.getVolume(volume.id), volume);
      await second.ping();
    },
  },
  {
    name: 'closing twice is closing once, and a closed one answers no more',
    run: async (harness: StoreHarness): Promise<void> => {
      const store = await harness.open();
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await assert.rejects(store.ping());
    },
  },
];
