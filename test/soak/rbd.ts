import { runSimulatedTrees } from '@scoria/driver-rbd/testing';
import { parseArgs } from 'node:util';
import { runCephTrees, startClusterForKills } from '../rbd/trees/run-ceph-trees.js';

const EVERY = 100;

interface Settings {
  readonly sequences: number;
  readonly seed: number;
}

function settingsOf(args: readonly string[], sequences: number): Settings {
  const options = { sequences: { type: 'string' }, seed: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  return {
    sequences: Number(values.sequences ?? sequences),
    seed: Number(values.seed ?? Date.now() % 2 ** 31),
  };
}

/** Random trees of clones on simulated clusters; `npm test` has some of them. */
export async function soakRbdSimulated(args: readonly string[]): Promise<void> {
  const { sequences, seed } = settingsOf(args, 10_000);
  console.log(`${String(sequences)} sequences, seed ${String(seed)}`);
  const onSequence = (count: number): void => {
    if (count % EVERY === 0) console.log(`${String(count)} hold`);
  };
  await runSimulatedTrees({ sequences, seed, onSequence });
  console.log(`all ${String(sequences)} hold`);
}

/** The same on a real cluster, by processes that are killed with SIGKILL. */
export async function soakRbd(args: readonly string[]): Promise<void> {
  const { sequences, seed } = settingsOf(args, 300);
  console.log(`${String(sequences)} sequences, seed ${String(seed)}`);
  await using ceph = await startClusterForKills();
  const count = await runCephTrees(ceph, seed, (done) => {
    if (done > 0 && done % 10 === 0) console.log(`${String(done)} hold`);
    return done >= sequences;
  });
  console.log(`all ${String(count)} hold`);
}
