import type { OperationHandler } from '../../engine/operation-handler.js';
import type { CreateSnapshotParameters } from '../../operations/create-snapshot.js';
import type { CreateVolumeParameters } from '../../operations/create-volume.js';
import type { DeleteSnapshotParameters } from '../../operations/delete-snapshot.js';
import type { DeleteVolumeParameters } from '../../operations/delete-volume.js';
import type { ExtendVolumeParameters } from '../../operations/extend-volume.js';
import type { MoveVolumeParameters } from '../../operations/move-volume.js';
import type { RevertVolumeParameters } from '../../operations/revert-volume.js';
import type { Caller, CreateSnapshotRequest, CreateVolumeRequest, RetypeOptions } from '../../requests.js';

/** An operation as it would be submitted. */
export interface Prepared<P extends object> {
  readonly handler: OperationHandler<P, unknown>;
  readonly parameters: P;
}

/**
 * Turns requests into operations: names looked up, values checked, places found. Writes nothing; what it raises is
 * what the request would be refused with.
 */
export interface OperationPreparations {
  createVolume(caller: Caller, request: CreateVolumeRequest): Promise<Prepared<CreateVolumeParameters>>;
  deleteVolume(
    caller: Caller,
    volume: string,
    options?: { cascade?: boolean },
  ): Promise<Prepared<DeleteVolumeParameters>>;
  extendVolume(
    caller: Caller,
    volume: string,
    newSizeBytes: number,
  ): Promise<Prepared<ExtendVolumeParameters>>;
  revertVolume(caller: Caller, volume: string, snapshot: string): Promise<Prepared<RevertVolumeParameters>>;
  migrateVolume(caller: Caller, volume: string, backend: string): Promise<Prepared<MoveVolumeParameters>>;
  retypeVolume(
    caller: Caller,
    volume: string,
    type: string,
    options?: RetypeOptions,
  ): Promise<Prepared<MoveVolumeParameters>>;
  createSnapshot(caller: Caller, request: CreateSnapshotRequest): Promise<Prepared<CreateSnapshotParameters>>;
  deleteSnapshot(caller: Caller, snapshot: string): Promise<Prepared<DeleteSnapshotParameters>>;
}
export const OperationPreparations = Symbol.for('scoria.OperationPreparations');
