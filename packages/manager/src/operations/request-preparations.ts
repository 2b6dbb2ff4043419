import { inject, injectable } from 'inversify';
import type { OperationPreparations } from '../views/plans/preparations.js';
import { SnapshotOperations } from './snapshot-operations.js';
import { VolumeOperations } from './volume-operations.js';

/** Requests as operations, for plans: what would be submitted, and what would be refused. */
@injectable()
export class RequestPreparations implements OperationPreparations {
  readonly createVolume: OperationPreparations['createVolume'];
  readonly deleteVolume: OperationPreparations['deleteVolume'];
  readonly extendVolume: OperationPreparations['extendVolume'];
  readonly revertVolume: OperationPreparations['revertVolume'];
  readonly migrateVolume: OperationPreparations['migrateVolume'];
  readonly retypeVolume: OperationPreparations['retypeVolume'];
  readonly createSnapshot: OperationPreparations['createSnapshot'];
  readonly deleteSnapshot: OperationPreparations['deleteSnapshot'];

  constructor(
    @inject(VolumeOperations) volumes: VolumeOperations,
    @inject(SnapshotOperations) snapshots: SnapshotOperations,
  ) {
    this.createVolume = (...request) => volumes.prepareCreate(...request);
    this.deleteVolume = (...request) => volumes.prepareDelete(...request);
    this.extendVolume = (...request) => volumes.prepareExtend(...request);
    this.revertVolume = (...request) => volumes.prepareRevert(...request);
    this.migrateVolume = (...request) => volumes.prepareMigrate(...request);
    this.retypeVolume = (...request) => volumes.prepareRetype(...request);
    this.createSnapshot = (...request) => snapshots.prepareCreate(...request);
    this.deleteSnapshot = (...request) => snapshots.prepareDelete(...request);
  }
}
