import localPlugin from '@scoria/driver-local';
import { runModel } from '@scoria/testkit';
import { directoryStorage } from '../support/directory-storage.js';
import { hostPorts } from '../support/host-ports.js';

/** Half of the sequences each for raw and qcow2 volumes. */
const SEQUENCES = 260;
/** Long enough for chains of several snapshots, and for deleting them in every place. */
const STEPS = 12;

/**
 * Random operations on real chains against a model of their bytes. Another seed each time it runs, named when it
 * fails.
 */
export function describeModel(format: 'raw' | 'qcow2'): void {
  it(`${format}: every volume and snapshot reads as the model says, after any sequence of operations`, async () => {
    const report = await runModel(
      {
        plugin: localPlugin,
        ports: hostPorts(),
        freshStorage: () => directoryStorage({ local_volume_format: format }),
      },
      { sequences: SEQUENCES, steps: STEPS, volumeBytes: 256 * 1024 },
    );
    console.info(
      `${format}: ${String(report.sequences)} sequences, ${String(report.steps)} steps, 0 differences`,
    );
    expect(report.sequences).toBe(SEQUENCES);
  }, 900_000);
}
