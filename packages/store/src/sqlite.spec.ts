import { FakeLockManager } from '@scoria/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from './open-store.js';
import type { Store } from './store.js';
import type { StoreHarness } from './testing/index.js';
import { clockAt, describeStore, NOW } from './testing/index.js';

/** A file of its own for each case, with the locks of one host. */
async function openHarness(): Promise<StoreHarness> {
  const directory = await mkdtemp(path.join(tmpdir(), 'scoria-store-'));
  const lockManager = new FakeLockManager();
  const stores: Store[] = [];
  return {
    open: async (clock = clockAt(NOW)) => {
      const url = `sqlite:${directory}/records.sqlite`;
      const store = await openStore({ url, clock, lockManager, lockDirectory: directory });
      stores.push(store);
      return store;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describeStore('SQLite', openHarness);
