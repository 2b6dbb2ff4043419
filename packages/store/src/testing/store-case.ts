import type { Clock } from '@scoria/core';
import assert from 'node:assert/strict';
import type { Store } from '../store.js';

/** A database of a case's own, empty, without tables. */
export interface StoreHarness extends AsyncDisposable {
  /** Opens the records, as another process would; each store is closed with the harness at the latest. */
  open(clock?: Clock): Promise<Store>;
}

/** One thing that the records must do on every database. Knows no test runner. */
export interface StoreCase {
  readonly name: string;
  /** Rejects with what is wrong. */
  readonly run: (harness: StoreHarness) => Promise<void>;
}

/** A case with one store. */
export function storeCase(name: string, body: (store: Store) => Promise<void>): StoreCase {
  return { name, run: async (harness) => body(await harness.open(clockAt(NOW))) };
}

/** A case has at least three of them where it asks for more than two. */
export type SeveralStores = readonly [Store, Store, Store, ...Store[]];

/** One after the other, round and round. */
export function turn(stores: readonly Store[], index: number): Store {
  const store = stores[index % stores.length];
  assert.ok(store);
  return store;
}

/** Equal to the last field. Lists may come from another realm, where a test runner has made one of its own. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepEqual(Array.isArray(actual) ? Array.from(actual as unknown[]) : actual, expected);
}

/** A case with several stores on one database. */
export function storesCase(
  name: string,
  count: number,
  body: (stores: SeveralStores) => Promise<void>,
): StoreCase {
  const run = async (harness: StoreHarness): Promise<void> => {
    const opened = Array.from({ length: count }, () => harness.open(clockAt(NOW)));
    await body((await Promise.all(opened)) as unknown as SeveralStores);
  };
  return { name, run };
}

/** What the clock of a case says: later than anything in its records. */
export const NOW = Date.UTC(2026, 5, 1);

/** A clock that stands still. */
export function clockAt(now: number): Clock {
  return { now: () => now, sleep: () => Promise.resolve() };
}
