import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { exclusive, operationOf } from '../samples.js';
import { storesCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

/** Processes as owners of operations: who is alive, and who takes over. */
export const ownerCases: readonly StoreCase[] = [
  storesCase('an owner is alive until it is released, for everyone', 3, async (stores) => {
    const [first, second, third] = stores;
    const [one, two] = [await first.owners.register(), await second.owners.register()];
    const unknown = randomUUID();
    const all = [one.id, two.id, unknown];
    for (const { owners } of stores) assertSame(await owners.deadAmong(all), [unknown]);
    await one.release();
    for (const { owners } of stores) assertSame(await owners.deadAmong(all), [one.id, unknown]);
    await second.close();
    assertSame(await third.owners.deadAmong(all), all);
    assertSame(await third.owners.deadAmong([]), []);
    await one.release();
  }),
  storesCase('an owner that is given up was not lost', 1, async ([store]) => {
    const owner = await store.owners.register();
    let isLost = false;
    const watching = owner.lost.then(() => (isLost = true));
    await owner.release();
    await Promise.race([watching, delay(100)]);
    assert.equal(isLost, false);
  }),
  storesCase('many who look at once all see who is dead', 4, async (stores) => {
    const dead = Array.from({ length: 5 }, () => randomUUID());
    const seen = await Promise.all(
      stores.map(async ({ owners }) => {
        for (;;) {
          const found = await owners.deadAmong(dead);
          if (found.length === dead.length) return found;
          // Who looks at a file lock holds it for that moment.
          await delay(Math.random() * 10);
        }
      }),
    );
    for (const found of seen) assertSame(found, dead);
  }),
  storesCase('what a dead owner has left is taken by exactly one', 4, async (stores) => {
    const [dying, ...others] = stores;
    const dead = await dying.owners.register();
    const operations = Array.from({ length: 10 }, (_, index) =>
      operationOf([exclusive(`v${String(index)}`)], { ownerId: dead.id }),
    );
    for (const operation of operations) await dying.insertOperation(operation);
    await dying.close();
    const taken = await Promise.all(
      others.map(async (store) => {
        const { id: me } = await store.owners.register();
        const won: string[] = [];
        for (const { id } of await store.operationsOf([dead.id]))
          if (await store.takeOverOperation(id, dead.id, me)) won.push(id);
        return won;
      }),
    );
    const ids = operations.map(({ id }) => id);
    assertSame(taken.flat().sort(), ids.sort());
    for (const id of ids) assert.equal((await others[0].getOperation(id))?.takeovers, 1);
  }),
];
