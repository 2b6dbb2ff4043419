import { FakeLockManager } from '@scoria/testkit';
import type { Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import type { StoreHarness } from '@scoria/store/testing';
import { clockAt, describeStore, NOW } from '@scoria/store/testing';
import { PostgresServer } from '../support/postgres-server.js';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A database of its own for each case. */
async function openHarness(): Promise<StoreHarness> {
  const url = await server.database({ socket: true });
  const stores: Store[] = [];
  return {
    open: async (clock = clockAt(NOW)) => {
      const store = await openStore({ url, clock, lockManager: new FakeLockManager(), lockDirectory: '/' });
      stores.push(store);
      return store;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

describeStore('PostgreSQL', openHarness);
