import { changeCases } from './cases/changes.js';
import { listCases } from './cases/lists.js';
import { oddValueCases } from './cases/odd-values.js';
import { openingCases } from './cases/opening.js';
import { operationCases } from './cases/operations.js';
import { ownerCases } from './cases/owners.js';
import { quotaCases } from './cases/quotas.js';
import { raceCases } from './cases/races.js';
import { recordCases } from './cases/records.js';
import type { StoreCase, StoreHarness } from './store-case.js';

/** All that a store must do, whatever database is below it. */
export const storeCases: readonly StoreCase[] = [
  ...openingCases,
  ...recordCases,
  ...changeCases,
  ...listCases,
  ...oddValueCases,
  ...quotaCases,
  ...operationCases,
  ...ownerCases,
  ...raceCases,
];

/** The two functions of a test runner that the suite needs. */
interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** Registers the suite with the test runner's globals; `open` is called for each case. */
export function describeStore(name: string, open: () => Promise<StoreHarness>): void {
  const { describe, it } = globalThis as unknown as SuiteRunner;
  describe(`the records on ${name}`, () => {
    for (const { name: title, run } of storeCases) {
      it(title, async () => {
        await using harness = await open();
        await run(harness);
      });
    }
  });
}
