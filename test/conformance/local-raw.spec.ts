import { applies, conformanceCases } from '@scoria/testkit';
import { someOf } from '../support/some-of.js';
import { localHarness } from './local-harness.js';

/** The crash tests kill at every step in earnest; `npm run soak -- conformance` goes through all of the suite. */
const INTERRUPTED = /^(cancel|recover|crash): /;

const { capabilities } = localHarness('raw').plugin;

describe('conformance of the local driver, raw volumes', () => {
  const cases = conformanceCases.filter((candidate) => applies(candidate, capabilities));
  const [interrupted, others] = [true, false].map((isOne) =>
    cases.filter(({ name }) => INTERRUPTED.test(name) === isOne),
  ) as [typeof cases, typeof cases];
  const taken = [...someOf(others, 0.7), ...someOf(interrupted, 0.2)];
  for (const candidate of taken) {
    it(candidate.name, async () => candidate.run(localHarness('raw')), 60_000);
  }
});
