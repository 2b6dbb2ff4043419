import { applies, conformanceCases } from '@scoria/testkit';
import { localHarness } from './local-harness.js';

/** What does not depend on the format of the files is tried on raw volumes. */
const LEFT_TO_RAW =
  /^(plugin|states|input|cancel|recover|crash|concurrency|secrets|initializeConnection|ensureExport)/;

const { capabilities } = localHarness('qcow2').plugin;

describe('conformance of the local driver, qcow2 volumes', () => {
  for (const candidate of conformanceCases) {
    if (!applies(candidate, capabilities) || LEFT_TO_RAW.test(candidate.name)) continue;
    it(candidate.name, async () => candidate.run(localHarness('qcow2')));
  }
});
