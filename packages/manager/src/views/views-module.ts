import type { ContainerModuleLoadOptions } from 'inversify';
import { OperationHandlers } from '../engine/operation-handler.js';
import { Placement } from '../placement/placement-service.js';
import { Quotas } from '../placement/quotas.js';
import { VolumeTypes } from '../placement/volume-types.js';
import { AdoptionService } from './adoption-service.js';
import { AuditService } from './audit-service.js';
import { CollectSnapshotHandler } from './audit/collect-snapshot.js';
import { CollectVolumeHandler } from './audit/collect-volume.js';
import { OrphanCollector } from './audit/orphan-collector.js';
import { BackendBlockers } from './backend-blockers.js';
import { ChainService } from './chain-service.js';
import { DependencyService } from './dependency-service.js';
import { ManageableService } from './manageable-service.js';
import { OperationVolumeAdopter } from './operation-volume-adopter.js';
import { PlanService } from './plan-service.js';
import { DriverSteps } from './plans/driver-steps.js';
import { ViewContexts } from './view-context.js';
import { VolumeAdopter } from './volume-adopter.js';

/**
 * Binds placement and views. Whoever loads it binds what they work with: `BackendAccess`, `OperationSubmitter` and
 * `OperationPreparations`.
 */
export function bindViews(bind: ContainerModuleLoadOptions['bind']): void {
  for (const service of [
    Placement,
    Quotas,
    VolumeTypes,
    ViewContexts,
    BackendBlockers,
    DependencyService,
    ChainService,
    ManageableService,
    DriverSteps,
    PlanService,
    OrphanCollector,
    AuditService,
    AdoptionService,
    CollectVolumeHandler,
    CollectSnapshotHandler,
  ]) {
    bind<object>(service).toSelf().inSingletonScope();
  }
  bind<VolumeAdopter>(VolumeAdopter).to(OperationVolumeAdopter).inSingletonScope();
  for (const handler of [CollectVolumeHandler, CollectSnapshotHandler]) {
    bind<object>(OperationHandlers).toService(handler);
  }
}
