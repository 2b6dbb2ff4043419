import type { DeviceMode } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { findSnapshot, findVolume } from '../lookup.js';
import type { OperationHandler } from '../engine/operation-handler.js';
import type { Caller } from '../requests.js';
import { Submission } from './submission.js';
import type { UseDevice } from './transfer-data.js';
import { ExportData, ExportSnapshotData, ImportData } from './transfer-data.js';
import { VolumeChecks } from './volume-checks.js';
import { subjectOf } from './volume-state.js';

/** The raw data of volumes and snapshots, for a caller in this process. */
@injectable()
export class DataAccess {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Submission) private readonly submission: Submission,
    @inject(VolumeChecks) private readonly checks: VolumeChecks,
  ) {}

  /** An error of `use` comes out as it was thrown. */
  async useVolume<T>(caller: Caller, name: string, mode: DeviceMode, use: UseDevice<T>): Promise<T> {
    const volume = await findVolume(this.store, caller.projectId, name);
    const kind = mode === 'read-only' ? 'export-data' : 'import-data';
    await this.checks.requireState(kind, volume);
    const transfer = mode === 'read-only' ? new ExportData() : new ImportData();
    return this.#carryOut(caller, transfer, subjectOf(volume), use);
  }

  /** As {@link useVolume}, for reading a snapshot. */
  async useSnapshot<T>(caller: Caller, name: string, use: UseDevice<T>): Promise<T> {
    const snapshot = await findSnapshot(this.store, caller.projectId, name);
    await this.checks.requireSnapshotState('export-data', snapshot);
    const { id, status, volumeId } = snapshot;
    const { backend } = await findVolume(this.store, caller.projectId, volumeId);
    const parameters = { volumeId, backend, snapshotId: id, snapshotBefore: status };
    return this.#carryOut(caller, new ExportSnapshotData(), parameters, use);
  }

  async #carryOut<P extends object, T>(
    caller: Caller,
    transfer: OperationHandler<P, unknown> & { for(use: UseDevice<unknown>): unknown },
    parameters: P,
    use: UseDevice<T>,
  ): Promise<T> {
    const thrown: unknown[] = [];
    transfer.for(async (...args) => {
      try {
        return await use(...args);
      } catch (error) {
        thrown.push(error);
        throw error;
      }
    });
    try {
      return (await this.submission.carryOut(caller, transfer, parameters)) as T;
    } catch (error) {
      throw thrown.length > 0 ? thrown[0] : error;
    }
  }
}
