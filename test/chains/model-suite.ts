import { runModel } from '@scoria/testkit';
import { localHarness } from '../conformance/local-harness.js';

/** For raw and for qcow2 volumes each; `npm run soak -- chains` runs more and longer ones. */
const SEQUENCES = 30;
/** Long enough for a chain of some snapshots, and for deleting them in every place; longer ones are for the soak. */
const STEPS = 8;

/**
 * Random operations on real chains against a model of their bytes. Another seed each time it runs, named when it
 * fails.
 */
export function describeModel(format: 'raw' | 'qcow2'): void {
  it(`${format}: every volume and snapshot reads as the model says, after any sequence of operations`, async () => {
    const report = await runModel(localHarness(format), {
      sequences: SEQUENCES,
      steps: STEPS,
      volumeBytes: 256 * 1024,
    });
    console.info(
      `${format}: ${String(report.sequences)} sequences, ${String(report.steps)} steps, 0 differences`,
    );
    expect(report.sequences).toBe(SEQUENCES);
  }, 900_000);
}
