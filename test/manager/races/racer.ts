import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderEnd } from '../kill/killable-manager.js';
import type { RaceOrder } from './contests.js';

/** How long a command may take to start before its rival goes on without it. */
const LONGEST_START_MS = 10_000;

/** Whoever carries out one of the two orders of a race. */
export interface Racer {
  obey(order: RaceOrder): Promise<OrderEnd>;
}

/** Is told so much later. */
export function late(racer: Racer, milliseconds: number): Racer {
  return {
    obey: async (order) => {
      if (milliseconds > 0) await sleep(milliseconds);
      return racer.obey(order);
    },
  };
}

/**
 * Is told when another process has begun to work on the state: the start of a command takes long.
 * @param owners where each process that works has its lock
 */
export function withNewcomer(racer: Racer, owners: string): Racer {
  return {
    obey: async (order) => {
      await newcomer(owners);
      return racer.obey(order);
    },
  };
}

/** Resolves when there is one more lock of a process than at first. */
async function newcomer(owners: string): Promise<void> {
  const before = new Set(await readdir(owners));
  const end = performance.now() + LONGEST_START_MS;
  while (performance.now() < end) {
    if ((await readdir(owners)).some((name) => !before.has(name))) return;
    await sleep(1);
  }
}
