import { applies, conformanceCases, describeConformance } from '@scoria/testkit';
import { simulatedHarness } from './spec-support/simulated-storage.js';

describeConformance('the RBD driver, clone format 1', () => simulatedHarness({ cloneFormat: 1 }));

// What is the same in both formats is not done twice.
describe('conformance of the RBD driver, clone format 2', () => {
  const harness = simulatedHarness({ cloneFormat: 2 });
  const cases = conformanceCases.filter(
    (candidate) =>
      applies(candidate, harness.plugin.capabilities) &&
      /clone|FromSnapshot|deleteSnapshot|deleteVolume|chain|plan/i.test(candidate.name),
  );

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await run(harness);
  });
});
