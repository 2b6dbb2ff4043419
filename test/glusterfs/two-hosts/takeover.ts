import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seeded } from '../../support/seeded.js';
import { ContestedVolume } from './contested-volume.js';
import type { PairOfHosts } from './pair-of-hosts.js';

/** What one host is in the middle of, and the step that it does not come to. */
export type CutOff = readonly ['snapshot' | 'delete-snapshot', string];
export const CUT_OFF: readonly [CutOff, CutOff] = [
  ['snapshot', 'write the chain record'],
  ['delete-snapshot', 'remove volume-'],
];

export type Loss = 'manager is killed' | 'host is lost';
export const LOSSES: readonly [Loss, Loss] = ['manager is killed', 'host is lost'];

async function lose(pair: PairOfHosts, side: 0 | 1, loss: Loss): Promise<void> {
  if (loss === 'manager is killed') await pair.managers[side].kill();
  else await pair.loseHost(side);
}

/** Long enough to have taken the snapshot, if the volume were not held. */
const HELD_MS = 500;

/**
 * One host ends in the middle of an operation, while the other waits for the volume: that goes on with what was cut
 * off, and does its own. Then a new manager reads all of it on the host that was lost.
 * @throws Error where the other one does not wait, and where a byte is wrong
 */
export async function takeOver(
  pair: PairOfHosts,
  random: Seeded,
  [kind, step]: CutOff,
  loss: Loss,
): Promise<void> {
  const [first, second] = pair.managers;
  const volume = await ContestedVolume.create(first, random);
  await volume.write(first, 1);
  await volume.snapshot(second);
  await volume.write(second, 2);
  const snapshot = volume.snapshots[0]!;
  const whole = { do: 'snapshot', volume: volume.volume, id: randomUUID() } as const;
  await first.stopAt(kind === 'snapshot' ? whole : { do: kind, snapshot }, step);
  const taken = volume.snapshot(second);
  if ((await Promise.race([taken, sleep(HELD_MS, 'held')])) !== 'held')
    throw new Error('the other host did not wait for the volume');
  await lose(pair, 0, loss);
  await taken;
  if (kind === 'delete-snapshot') volume.forget(snapshot);
  await volume.check(second);
  await pair.restart(0);
  await volume.check(pair.managers[0]);
  await volume.remove(pair.managers[0]);
}
