import type { Newable } from 'inversify';
import { ContainerModule } from 'inversify';
import { ImageImport } from '../data/image-import.js';
import { OperationHandlers } from '../engine/operation-handler.js';
import { OperationPreparations } from '../views/plans/preparations.js';
import { AdoptVolume } from './adopt-volume.js';
import { AttachVolume, ConnectVolume, DetachVolume } from './attach-volume.js';
import { AttachmentOperations } from './attachment-operations.js';
import { CreateSnapshot } from './create-snapshot.js';
import { CreateVolume } from './create-volume.js';
import { DataAccess } from './data-access.js';
import { DeleteSnapshot } from './delete-snapshot.js';
import { DeleteVolume } from './delete-volume.js';
import { Desk } from './desk.js';
import { ExtendVolume } from './extend-volume.js';
import { ManageOperations } from './manage-operations.js';
import { ManageSnapshotOperations } from './manage-snapshot-operations.js';
import { ManageSnapshot } from './manage-snapshot.js';
import { ManageVolume } from './manage-volume.js';
import { MigrateVolume, RetypeVolume } from './move-volume.js';
import { RequestPreparations } from './request-preparations.js';
import { RevertVolume } from './revert-volume.js';
import { SnapshotOperations } from './snapshot-operations.js';
import { Submission } from './submission.js';
import { ExportData, ExportSnapshotData, ImportData } from './transfer-data.js';
import { UnmanageSnapshot } from './unmanage-snapshot.js';
import { UnmanageVolume } from './unmanage-volume.js';
import { VolumeChanges } from './volume-changes.js';
import { VolumeChecks } from './volume-checks.js';
import { VolumeCreation } from './volume-creation.js';
import { VolumeMoves } from './volume-moves.js';
import { VolumeOperations } from './volume-operations.js';
import { VolumePlaces } from './volume-places.js';

const HANDLERS: readonly Newable<object>[] = [
  CreateVolume,
  DeleteVolume,
  ExtendVolume,
  CreateSnapshot,
  DeleteSnapshot,
  RevertVolume,
  MigrateVolume,
  RetypeVolume,
  ExportData,
  ImportData,
  ExportSnapshotData,
  ManageVolume,
  UnmanageVolume,
  ManageSnapshot,
  UnmanageSnapshot,
  AdoptVolume,
  AttachVolume,
  DetachVolume,
  ConnectVolume,
];

const SERVICES: readonly Newable<object>[] = [
  Submission,
  Desk,
  VolumePlaces,
  VolumeChanges,
  VolumeChecks,
  VolumeCreation,
  VolumeMoves,
  VolumeOperations,
  SnapshotOperations,
  AttachmentOperations,
  DataAccess,
  ImageImport,
  ManageOperations,
  ManageSnapshotOperations,
  RequestPreparations,
];

/**
 * Every kind of operation, and the services that ask for them. Needs `Store`, `Clock`, `Configuration`,
 * `BackendAccess`, `OperationSubmitter`, and the services of placement.
 */
export const operationsModule = new ContainerModule(({ bind }) => {
  for (const handler of HANDLERS) {
    bind(handler).toSelf().inSingletonScope();
    bind(OperationHandlers).toService(handler);
  }
  for (const service of SERVICES) bind(service).toSelf().inSingletonScope();
  bind(OperationPreparations).toService(RequestPreparations);
});
