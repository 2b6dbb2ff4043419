import { parseArgs } from 'node:util';
import { CHANGES, killAtMoment, killAtStep, MOMENTS } from '../online/nova-kills/deaths.js';
import { KillAtNova } from '../online/nova-kills/kill-at-nova.js';

const USAGE = 'usage: npm run soak -- nova-kills [--rounds NUMBER] [--seed NUMBER]';

/** Managers killed at every step and moment of every change that Nova makes; ends at the first loss. */
export async function soakNovaKills(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? 1);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (![rounds, seed].every(Number.isInteger)) throw new Error(USAGE);
  console.log(`seed ${String(seed)}`);
  for (let round = 0; round < rounds; round += 1) {
    for (const format of ['raw', 'qcow2'] as const) await oneRound(format, seed + round);
  }
}

async function oneRound(format: 'raw' | 'qcow2', seed: number): Promise<void> {
  await using scene = await KillAtNova.open(format, seed);
  let kills = 0;
  for (const change of CHANGES) {
    for (const moment of MOMENTS) {
      if (change === 'create' && moment === 'is at it') continue;
      await killAtMoment(scene, change, moment);
      kills += 1;
    }
    for (let step = 1; await killAtStep(scene, change, step); step += 1) kills += 1;
    const name = change === 'create' ? 'create a snapshot' : `delete snapshot ${String(change)} of three`;
    console.log(`${format}, ${name}: ${String(kills)} kills so far, 0 lost`);
  }
  await scene.finish();
  const why = new Map<string, number>();
  for (const refusal of scene.host.refusals) {
    const words = refusal.replace(/\/\S+/g, '...');
    why.set(words, (why.get(words) ?? 0) + 1);
  }
  for (const [refusal, count] of why) console.log(`  Nova's host refused ${String(count)} times: ${refusal}`);
}
