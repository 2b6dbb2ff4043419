import { parseArgs } from 'node:util';
import { ContestedVolume } from '../glusterfs/two-hosts/contested-volume.js';
import { PairOfHosts } from '../glusterfs/two-hosts/pair-of-hosts.js';
import { CUT_OFF, LOSSES, takeOver } from '../glusterfs/two-hosts/takeover.js';
import { Seeded } from '../support/seeded.js';

const USAGE = 'usage: npm run soak -- two-hosts [--rounds NUMBER] [--seed NUMBER]';
const ROUNDS = 300;
/** Between one host's end and the next. */
const ROUNDS_BETWEEN = 25;

/** Two hosts at one volume of a GlusterFS share at the same moment; one of them is lost at times. */
export async function soakTwoHosts(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? ROUNDS);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) throw new Error(USAGE);
  const random = new Seeded(seed);
  console.log(`seed ${String(seed)}`);
  await using pair = await PairOfHosts.start({ replicas: 2 });
  const volume = await ContestedVolume.create(pair.managers[0], random);
  const tally = new Map<string, number>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const end of await volume.round(pair.managers)) tally.set(end, (tally.get(end) ?? 0) + 1);
    if (round % ROUNDS_BETWEEN !== 0) continue;
    const cutOff = random.pick(CUT_OFF);
    const loss = random.pick(LOSSES);
    await takeOver(pair, random, cutOff, loss);
    await volume.check(pair.managers[0]);
    console.log(`${String(round)} rounds; ${cutOff[0]}, ${loss}; ${describe(tally)}`);
  }
  await volume.remove(pair.managers[0]);
  console.log(`all right: ${describe(tally)}`);
}

function describe(tally: ReadonlyMap<string, number>): string {
  return [...tally].map(([end, count]) => `${end} ${String(count)}`).join(', ');
}
