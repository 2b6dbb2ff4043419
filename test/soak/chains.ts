import { runModel } from '@scoria/testkit';
import { localHarness } from '../conformance/local-harness.js';

const SEQUENCES = 500;
const STEPS = 30;

/** Long random sequences of operations on real chains against a model of their bytes; ends at the first difference. */
export async function soakChains(): Promise<void> {
  for (const format of ['raw', 'qcow2'] as const) {
    const report = await runModel(localHarness(format), { sequences: SEQUENCES, steps: STEPS });
    console.log(
      `${format}: ${String(report.sequences)} sequences, ${String(report.steps)} steps, seed ${String(report.seed)}`,
    );
  }
}
