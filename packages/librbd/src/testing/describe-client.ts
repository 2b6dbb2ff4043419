import { cloneLayoutCases } from './cases/clone-layouts.js';
import { cloneCases } from './cases/clones.js';
import { closedSnapshotCases } from './cases/closed-snapshots.js';
import { dataCases } from './cases/data.js';
import { differenceCases } from './cases/differences.js';
import { featureCases } from './cases/features.js';
import { growingCases } from './cases/growing.js';
import { handleCases } from './cases/handles.js';
import { headCases } from './cases/heads.js';
import { imageCases } from './cases/images.js';
import { keyCases } from './cases/keys.js';
import { lockCases } from './cases/locks.js';
import { longCallCases } from './cases/long-calls.js';
import { snapshotCases } from './cases/snapshots.js';
import { trashCases } from './cases/trash.js';
import { emptyPool } from './empty-pool.js';
import { type RbdCase, type RbdHarness, Scene } from './scene.js';

/** All that a client of Ceph's images must do, be the cluster real or simulated. */
export const clientCases: readonly RbdCase[] = [
  ...imageCases,
  ...headCases,
  ...closedSnapshotCases,
  ...growingCases,
  ...dataCases,
  ...snapshotCases,
  ...cloneCases,
  ...cloneLayoutCases,
  ...trashCases,
  ...differenceCases,
  ...featureCases,
  ...lockCases,
  ...keyCases,
  ...handleCases,
  ...longCallCases,
];

/** The two functions of a test runner that the suite needs. */
interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** Registers the suite with the test runner's globals; the harness is asked for when the cases run. */
export function describeClient(
  name: string,
  harness: () => RbdHarness,
  cases: readonly RbdCase[] = clientCases,
): void {
  const { describe, it } = globalThis as unknown as SuiteRunner;
  describe(`images of ${name}`, () => {
    for (const { name: title, run } of cases) {
      it(title, async () => {
        await runCase(harness(), run);
      });
    }
  });
}

async function runCase(harness: RbdHarness, run: RbdCase['run']): Promise<void> {
  await using scene = await Scene.open(harness);
  try {
    await run(scene);
  } finally {
    await scene.leave();
    for (const name of [...harness.pools].reverse()) await emptyPool(await scene.cluster.openPool(name));
  }
}
