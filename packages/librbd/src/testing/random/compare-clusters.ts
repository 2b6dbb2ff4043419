import assert from 'node:assert/strict';
import type { RbdPool } from '../../model/pool.js';
import { emptyPool } from '../empty-pool.js';
import { makeCall } from './make-call.js';
import { type RandomCall, randomCalls } from './random-calls.js';
import { checkDifferences, readPool } from './read-pool.js';

/** How often all that can be seen is compared: reading takes longer than the calls. */
const LOOK_EVERY = 10;

/**
 * Makes the same random calls on two pools, which are empty, and empties them in the end.
 * @param pick one of several, at random
 * @throws AssertionError at the first thing that differs, with the calls up to there
 */
export async function comparePools(
  [one, other]: readonly [RbdPool, RbdPool],
  pick: <T>(items: readonly T[]) => T,
  count: number,
): Promise<void> {
  const calls = randomCalls(pick, count);
  try {
    await compareCalls([one, other], calls);
  } finally {
    await Promise.all([emptyPool(one), emptyPool(other)]);
  }
}

async function compareCalls(pools: readonly [RbdPool, RbdPool], calls: readonly RandomCall[]): Promise<void> {
  for (const [index, call] of calls.entries()) {
    const results = await Promise.all(pools.map((pool) => makeCall(pool, call, index)));
    assert.equal(results[0], results[1], story(calls, index));
    if (index % LOOK_EVERY === LOOK_EVERY - 1 || index === calls.length - 1) {
      await compareAll(pools, story(calls, index));
    }
  }
}

async function compareAll(pools: readonly RbdPool[], text: string): Promise<void> {
  const [seen, expected] = await Promise.all(pools.map((pool) => readPool(pool)));
  assert.equal(shown(seen), shown(expected), text);
  await Promise.all(pools.map((pool) => checkDifferences(pool))).catch((cause: unknown) => {
    throw new Error(`${String(cause)}\n${text}`, { cause });
  });
}

function shown(seen: unknown): string {
  return JSON.stringify(seen, undefined, 1);
}

function story(calls: readonly RandomCall[], last: number): string {
  const told = calls.slice(0, last + 1).map((call, index) => `${String(index)} ${JSON.stringify(call)}`);
  return `they differ after\n${told.join('\n')}`;
}
