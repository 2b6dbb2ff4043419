import { parseArgs } from 'node:util';
import type { Operation } from '../online/kills/attempts.js';
import { OPERATIONS } from '../online/kills/attempts.js';
import { DEATHS, FATES } from '../online/kills/fates.js';
import type { Death } from '../online/kills/guest-kills.js';
import { HYPERVISOR, killAtMoment, momentsOf } from '../online/kills/guest-kills.js';
import { KillScene } from '../online/kills/kill-scene.js';
import type { KillSite } from '../online/kills/manager-kills.js';
import { killAtEachStep, killOnce } from '../online/kills/manager-kills.js';
import { mountDeath } from '../online/kills/mount-kills.js';
import type { KillPlace } from '../online/kills/places.js';
import { glusterKillPlace, localKillPlace } from '../online/kills/places.js';
import { Tally } from '../online/kills/tally.js';
import { WorkerSupply } from '../online/kills/worker.js';
import { GlusterServer } from '../support/gluster-server.js';

const USAGE = 'usage: npm run soak -- online-kills [--rounds NUMBER] [--seed NUMBER]';

/**
 * Managers, hypervisors and mounts killed at every point of every operation on a volume that a guest writes to, with
 * everything that may become of the guest meanwhile; ends at the first loss.
 */
export async function soakOnlineKills(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? 1);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (![rounds, seed].every(Number.isInteger)) throw new Error(USAGE);
  console.log(`seed ${String(seed)}`);
  for (let round = 0; round < rounds; round += 1) await oneRound(seed + round);
}

async function oneRound(seed: number): Promise<void> {
  for (const format of ['raw', 'qcow2'] as const) {
    await using place = await localKillPlace(format);
    await using workers = new WorkerSupply();
    await forEach(`${format} in a directory`, place, seed, async (scene, operation, tally) => {
      await killManagers({ scene, workers, tally }, operation);
      await killGuests(scene, operation, tally, HYPERVISOR);
    });
  }
  await using server = await GlusterServer.start();
  for (const format of ['raw', 'qcow2'] as const) {
    const share = await server.createVolume(`kills-${format}`);
    await server.gluster('volume', 'set', `kills-${format}`, 'performance.stat-prefetch', 'off');
    await using place = await glusterKillPlace(server, share, format);
    await forEach(`${format} on GlusterFS`, place, seed, async (scene, operation, tally) =>
      killGuests(scene, operation, tally, mountDeath(server)),
    );
  }
}

type Kills = (scene: KillScene, operation: Operation, tally: Tally) => Promise<void>;

async function forEach(title: string, place: KillPlace, seed: number, kills: Kills): Promise<void> {
  const tally = new Tally();
  const began = performance.now();
  for (const operation of OPERATIONS) {
    await using scene = await KillScene.open(place, seed);
    await kills(scene, operation, tally);
    await scene.finish();
    console.log(`${title}, ${operation.name}: ${String(tally.points)} points so far, 0 lost`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${title}, ${String(seconds)} s\n${tally.describe()}`);
}

async function killManagers(site: KillSite, operation: Operation): Promise<void> {
  for (const fate of FATES) {
    await killAtEachStep(site, operation, () => fate);
    if (hasJob(operation)) await killOnce(site, operation, { inJob: true }, fate);
  }
  for (const [index, fate] of DEATHS.entries()) {
    const fateOf = (step: number): typeof fate | undefined =>
      step % DEATHS.length === index ? fate : undefined;
    await killAtEachStep(site, operation, fateOf, { withGuest: true });
    if (hasJob(operation)) await killOnce(site, operation, { inJob: true, withGuest: true }, fate);
  }
}

async function killGuests(scene: KillScene, operation: Operation, tally: Tally, death: Death): Promise<void> {
  for (const moment of momentsOf(operation)) {
    for (const fate of DEATHS) await killAtMoment(scene, tally, { operation, moment, fate, death });
  }
}

function hasJob({ name }: Operation): boolean {
  return !name.startsWith('create');
}
