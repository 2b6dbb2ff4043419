import { applies, conformanceCases } from '@scoria/testkit';
import { localHarness } from '../conformance/local-harness.js';

/** Every case of the conformance suite on the local driver, in both formats; `npm test` has them in part. */
export async function soakConformance(): Promise<void> {
  for (const format of ['raw', 'qcow2'] as const) {
    const { capabilities } = localHarness(format).plugin;
    const cases = conformanceCases.filter((candidate) => applies(candidate, capabilities));
    for (const { name, run } of cases) {
      await run(localHarness(format)).catch((cause: unknown) => {
        throw new Error(`${format}: ${name}`, { cause });
      });
    }
    console.log(`${format}: all ${String(cases.length)} cases hold`);
  }
}
