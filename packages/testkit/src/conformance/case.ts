import type { Capability } from '@scoria/core';
import { CAPABILITIES } from '@scoria/core';
import type { ConformanceHarness } from './harness.js';
import type { Stage } from './stage.js';
import { withStage } from './stage.js';

/** One thing that every driver must do, or every driver with certain capabilities. Knows no test runner. */
export interface ConformanceCase {
  readonly name: string;
  /** Capabilities without which the case does not apply. */
  readonly needs?: readonly Capability[];
  /** Rejects with what is wrong. */
  readonly run: (harness: ConformanceHarness) => Promise<void>;
}

/** A case that runs on a stage of its own. */
export function stageCase(
  name: string,
  body: (stage: Stage) => Promise<void>,
  needs: readonly Capability[] = [],
): ConformanceCase {
  return { name, needs, run: (harness) => withStage(harness, body) };
}

/** The capabilities without which a driver has not got `method`. */
export function methodNeeds(method: string): Capability[] {
  return (Object.keys(CAPABILITIES) as Capability[]).filter((capability) =>
    (CAPABILITIES[capability] as readonly string[]).includes(method),
  );
}

/** True for a case that a driver with `capabilities` must pass. */
export function applies({ needs = [] }: ConformanceCase, capabilities: readonly Capability[]): boolean {
  return needs.every((capability) => capabilities.includes(capability));
}
