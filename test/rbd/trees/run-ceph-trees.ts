import { runTree, treeOptions, treeSteps } from '@scoria/driver-rbd/testing';
import fc from 'fast-check';
import { CephCluster } from '../../support/ceph-cluster.js';
import { CephWorld } from './ceph-world.js';

const MOST_CHANGES = 8;

/** The test's cluster forgets the watcher of a process that was killed after two seconds. */
export async function startClusterForKills(): Promise<CephCluster> {
  return CephCluster.start({ settings: { osd_client_watch_timeout: '2' } });
}

/**
 * Random sequences on a real cluster, one after the other.
 * @param isEnough asked before each, with how many there were
 * @returns how many there were
 */
export async function runCephTrees(
  ceph: CephCluster,
  seed: number,
  isEnough: (count: number) => boolean,
): Promise<number> {
  const sequences = fc.sample(fc.tuple(treeOptions, treeSteps(MOST_CHANGES)), { seed, numRuns: 1000 });
  let count = 0;
  for (const [options, steps] of sequences) {
    if (isEnough(count)) break;
    await using world = await CephWorld.open(ceph, options);
    await runTree(world, steps).catch((cause: unknown) => {
      throw new Error(`sequence ${String(count)} of seed ${String(seed)}, ${JSON.stringify(options)}`, {
        cause,
      });
    });
    count += 1;
  }
  return count;
}
