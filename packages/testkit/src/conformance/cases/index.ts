import type { ConformanceCase } from '../case.js';
import { creatingCases } from './creating.js';
import { extendingCases } from './extending.js';
import { snapshotCases } from './snapshots.js';

/** All that the suite checks, in the order it is run. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...creatingCases,
  ...extendingCases,
  ...snapshotCases,
];
