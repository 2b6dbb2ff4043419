import type { ConformanceCase } from '../case.js';
import { backendCases } from './backend.js';
import { backupCases } from './backups.js';
import { badInputCases } from './bad-input.js';
import { concurrencyCases } from './concurrency.js';
import { connectingCases } from './connecting.js';
import { copyCases } from './copies.js';
import { creatingCases } from './creating.js';
import { deviceCases } from './devices.js';
import { extendingCases } from './extending.js';
import { imageCases } from './images.js';
import { inspectingCases } from './inspecting.js';
import { interruptionCases } from './interruptions.js';
import { managingSnapshotsCases } from './managing-snapshots.js';
import { managingCases } from './managing.js';
import { planningCases } from './planning.js';
import { revertingCases } from './reverting.js';
import { snapshotCases } from './snapshots.js';
import { stateCases } from './states.js';
import { typeCases } from './types.js';

/** All that the suite checks, in the order it is run. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...backendCases,
  ...creatingCases,
  ...extendingCases,
  ...snapshotCases,
  ...copyCases,
  ...revertingCases,
  ...deviceCases,
  ...connectingCases,
  ...managingCases,
  ...managingSnapshotsCases,
  ...inspectingCases,
  ...planningCases,
  ...typeCases,
  ...imageCases,
  ...backupCases,
  ...stateCases,
  ...badInputCases,
  ...concurrencyCases,
  ...interruptionCases,
];
