import { applies } from './case.js';
import { conformanceCases } from './cases/index.js';
import type { ConformanceHarness } from './harness.js';

/** How a driver did in one case. */
export interface ConformanceResult {
  readonly name: string;
  /** What it was found out at; `undefined` where it passed. */
  readonly error: unknown;
}

/**
 * Runs the suite without a test runner: the cases that apply to the driver, one after the other.
 * @param only the names of the cases to run; all unless told
 */
export async function runConformance(
  harnessFactory: () => ConformanceHarness,
  only?: readonly string[],
): Promise<ConformanceResult[]> {
  const { capabilities } = harnessFactory().plugin;
  const chosen = conformanceCases.filter(
    (candidate) => applies(candidate, capabilities) && (only?.includes(candidate.name) ?? true),
  );
  const results: ConformanceResult[] = [];
  for (const { name, run } of chosen) {
    const error = await run(harnessFactory()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    results.push({ name, error });
  }
  return results;
}
