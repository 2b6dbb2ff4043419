import { applies } from './case.js';
import { conformanceCases } from './cases/index.js';
import type { ConformanceHarness } from './harness.js';

/** The two functions of a test runner that the suite needs; jest's, vitest's and mocha's fit. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: {
    (name: string, body: () => Promise<void>, timeoutMs?: number): unknown;
    readonly skip: (name: string, body: () => Promise<void>) => unknown;
  };
}

export interface DescribeOptions {
  /** How long one case may take; 60 s unless told. */
  readonly timeoutMs?: number;
  /** Cases to leave out, by name, each with the reason; shown as skipped. */
  readonly skip?: Readonly<Record<string, string>>;
  /** The runner's functions; its globals unless told. */
  readonly runner?: SuiteRunner;
}

/**
 * Registers the conformance suite with the test runner, in a test file: every case that applies to the driver's
 * capabilities.
 * @param harnessFactory called for each case, and once to learn the capabilities; does no work of its own
 */
export function describeConformance(
  name: string,
  harnessFactory: () => ConformanceHarness,
  options: DescribeOptions = {},
): void {
  const { describe, it } = options.runner ?? globalRunner();
  const { timeoutMs = 60_000, skip = {} } = options;
  const { capabilities } = harnessFactory().plugin;
  const cases = conformanceCases.filter((candidate) => applies(candidate, capabilities));
  refuseUnknownNames(Object.keys(skip));
  describe(`conformance of ${name}`, () => {
    for (const { name: title, run } of cases) {
      const body = (): Promise<void> => run(harnessFactory());
      if (skip[title] === undefined) it(title, body, timeoutMs);
      else it.skip(`${title} (${skip[title]})`, body);
    }
  });
}

function refuseUnknownNames(names: readonly string[]): void {
  const unknown = names.find((name) => !conformanceCases.some((known) => known.name === name));
  if (unknown !== undefined) throw new Error(`skip names no conformance case: '${unknown}'`);
}

function globalRunner(): SuiteRunner {
  const runner = globalThis as unknown as Partial<SuiteRunner>;
  if (typeof runner.describe === 'function' && typeof runner.it === 'function') return runner as SuiteRunner;
  throw new Error(
    'describeConformance needs the functions describe and it: call it in a test file, or give options.runner',
  );
}
