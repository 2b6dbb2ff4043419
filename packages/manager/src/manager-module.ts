import { ContainerModule } from 'inversify';
import { Backends } from './backends/backends.js';
import { SnapshotReporting } from './compute/snapshot-reporting.js';
import { StoredReports } from './compute/stored-reports.js';
import { Acceptance } from './engine/acceptance.js';
import { BackendQueues } from './engine/backend-queues.js';
import { CancelWatch } from './engine/cancel-watch.js';
import { Ending } from './engine/ending.js';
import { OperationEngine } from './engine/operation-engine.js';
import { OperationHandlerRegistry } from './engine/operation-handler-registry.js';
import { OperationRunner } from './engine/operation-runner.js';
import { OperationStages } from './engine/operation-stages.js';
import { OwnerSession } from './engine/owner-session.js';
import { Recovery } from './engine/recovery.js';
import { ManagerEvents } from './events.js';
import { HistoryPruning } from './history-pruning.js';
import { Lifecycle } from './lifecycle.js';
import { Metrics } from './metrics.js';
import { OperationLog } from './operation-log.js';
import { Ports } from './ports.js';
import { BackendAccess } from './views/backend-access.js';
import { OperationSubmitter } from './views/operation-submitter.js';

const SERVICES = [
  ManagerEvents,
  Ports,
  Backends,
  OwnerSession,
  Acceptance,
  Ending,
  BackendQueues,
  OperationStages,
  OperationRunner,
  OperationEngine,
  OperationHandlerRegistry,
  Recovery,
  CancelWatch,
  OperationLog,
  HistoryPruning,
  Metrics,
  Lifecycle,
  StoredReports,
  SnapshotReporting,
] as const;

/** The engine and the backends. Needs `Configuration`, `Store`, `RootContainer`, `StepObserver` and the host's ports. */
export const managerModule = new ContainerModule(({ bind }) => {
  for (const service of SERVICES) bind<object>(service).toSelf().inSingletonScope();
  bind(BackendAccess).toService(Backends);
  bind(OperationSubmitter).toService(OperationEngine);
});
