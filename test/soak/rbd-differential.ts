import { NativeRbdClient } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { comparePools } from '@scoria/librbd/testing';
import { parseArgs } from 'node:util';
import { CephCluster } from '../support/ceph-cluster.js';
import { Seeded } from '../support/seeded.js';

const CALLS = '60';

/** Random calls, the same on the simulated cluster and on a real one: `rbd-differential --sequences 100 --seed 1`. */
export async function soakRbdDifferential(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sequences: { type: 'string', default: '100' },
      calls: { type: 'string', default: CALLS },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  await using ceph = await CephCluster.start();
  const client = new NativeRbdClient();
  await using cluster = await client.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  await using real = await cluster.openPool('rbd');
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.sequences); seed += 1) {
    const seeded = new Seeded(seed);
    await using simulated = await new SimulatedRbdClient(new SimulatedCeph()).connect({ timeoutMs: 5000 });
    await using pool = await simulated.openPool('rbd');
    console.log(`seed ${String(seed)}`);
    await comparePools([pool, real], (items) => items[seeded.below(items.length)]!, Number(values.calls));
  }
  console.log(`${values.sequences} sequences, and no difference`);
}
