import { applies, conformanceCases } from '@scoria/testkit';
import { localHarness } from './local-harness.js';

/**
 * Of what is interrupted, the deletion of a snapshot in the middle stands for those at the ends, and the crash tests
 * kill at every step in earnest; `npm run soak -- conformance` goes through all of it.
 */
const LEFT_TO_SOAK = /^(cancel|recover|crash): .*of the (oldest|newest) /;

const { capabilities } = localHarness('raw').plugin;

describe('conformance of the local driver, raw volumes', () => {
  for (const candidate of conformanceCases) {
    if (!applies(candidate, capabilities) || LEFT_TO_SOAK.test(candidate.name)) continue;
    it(candidate.name, async () => candidate.run(localHarness('raw')), 60_000);
  }
});
