import { parseArgs } from 'node:util';
import { ManagedHosts } from '../glusterfs/two-managers/managed-hosts.js';
import { WantedVolume } from '../glusterfs/two-managers/wanted-volume.js';
import { PostgresServer } from '../support/postgres-server.js';
import { Seeded } from '../support/seeded.js';

const USAGE = 'usage: npm run soak -- two-managers [--rounds NUMBER] [--seed NUMBER]';
const ROUNDS = 100;
/** Between one manager's end and the next. */
const ROUNDS_BETWEEN = 5;

/** Two whole managers at one volume of a GlusterFS share, with own records and with shared ones; ends at the first loss. */
export async function soakTwoManagers(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? ROUNDS);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) throw new Error(USAGE);
  console.log(`seed ${String(seed)}`);
  await using hosts = await ManagedHosts.start();
  await using database = await PostgresServer.start();
  const random = new Seeded(seed);
  for (const records of ['own', 'shared'] as const) {
    const url = records === 'own' ? undefined : await database.database({ socket: true });
    const mountPoint = await hosts.manage(url);
    const volume = await WantedVolume.create(hosts, random, records);
    for (let round = 1; round <= rounds; round += 1) {
      await volume.round();
      if (round % ROUNDS_BETWEEN !== 0) continue;
      await volume.killedRound(random.below(2) === 0 ? 0 : 1);
      await volume.requireWhole(mountPoint);
      const ends = [...volume.tally].map(([end, count]) => `${end} ${String(count)}`).join(', ');
      console.log(`${records} records, ${String(round)} rounds: ${ends}`);
    }
    await volume.remove();
  }
  await hosts.endManagers();
  console.log('all right');
}
