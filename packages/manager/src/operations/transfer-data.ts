import type { BlockDevice, DeviceTarget, ScoriaError } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { withDevice } from '../data/open-devices.js';
import { driverSnapshotOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';
import { beginOn } from './begin.js';
import { sharedSnapshot, sharedVolume, wholeVolume } from './claims.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { enterSnapshotState, snapshotOf } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, volumeOf } from './volume-state.js';

/** What a caller does with the raw data while it may. */
export type UseDevice<T> = (
  device: BlockDevice,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
) => Promise<T>;

/** The part that is in the process of the caller; a takeover has none, and needs none to undo. */
async function useDevice(
  use: UseDevice<unknown> | undefined,
  run: OperationRun,
  device: BlockDevice,
): Promise<unknown> {
  if (use === undefined)
    throw new Error('the data of a volume can be used only by the process that asked for it');
  try {
    return await use(device, (done, total) => run.context.progress({ done, total }), run.context.signal);
  } catch (cause) {
    // Whatever code it has, it was raised when data may have been written.
    throw new ManagerError({
      code: 'operation-failed',
      message: messageOf(cause),
      details: { code: 'failed' },
      cause,
    });
  }
}

/** Gives a caller the data of a volume, to read (`uploading`) or to write (`downloading`). */
@injectable()
abstract class TransferVolume implements OperationHandler<VolumeSubject, unknown> {
  abstract readonly kind: 'export-data' | 'import-data';
  readonly recovery = 'undo';
  protected abstract readonly mode: 'read-only' | 'read-write';
  #use: UseDevice<unknown> | undefined;

  /** Sets what this one is for. */
  for(use: UseDevice<unknown>): this {
    this.#use = use;
    return this;
  }

  backends({ backend }: VolumeSubject): readonly string[] {
    return [backend];
  }

  claims({ volumeId }: VolumeSubject): readonly Claim[] {
    return [wholeVolume(volumeId)];
  }

  async accept(records: Records, subject: VolumeSubject): Promise<void> {
    await enterState(records, this.kind, subject);
  }

  async run({ backend, volumeId }: VolumeSubject, run: OperationRun): Promise<unknown> {
    const { driver } = await beginOn(run, backend);
    const volume = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
    const place = { driver, target: { kind: 'volume', volume } } as const;
    return withDevice(run.context, place, this.mode, (device) => useDevice(this.#use, run, device));
  }

  async succeed(records: Records, subject: VolumeSubject): Promise<void> {
    await leaveInSuccess(records, this.kind, subject);
  }

  async fail(records: Records, subject: VolumeSubject, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, subject, error);
  }
}

/** Reading leaves the volume as it was, however it ends. */
@injectable()
export class ExportData extends TransferVolume {
  readonly kind = 'export-data';
  protected readonly mode = 'read-only';
}

/** Writing that did not end well leaves data that nobody should take for whole: the volume is in error. */
@injectable()
export class ImportData extends TransferVolume {
  readonly kind = 'import-data';
  protected readonly mode = 'read-write';
}

export interface SnapshotDataParameters extends SnapshotSubject {
  readonly volumeId: string;
  readonly backend: string;
}

/** Gives a caller the data of a snapshot to read. Changes no state. */
@injectable()
export class ExportSnapshotData implements OperationHandler<SnapshotDataParameters, unknown> {
  readonly kind = 'export-snapshot-data';
  readonly recovery = 'undo';
  #use: UseDevice<unknown> | undefined;

  /** Sets what this one is for. */
  for(use: UseDevice<unknown>): this {
    this.#use = use;
    return this;
  }

  backends({ backend }: SnapshotDataParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshotId }: SnapshotDataParameters): readonly Claim[] {
    return [sharedVolume(volumeId), sharedSnapshot(snapshotId)];
  }

  async accept(records: Records, parameters: SnapshotDataParameters): Promise<void> {
    await enterSnapshotState(records, parameters);
  }

  async run({ backend, snapshotId }: SnapshotDataParameters, run: OperationRun): Promise<unknown> {
    const { driver } = await beginOn(run, backend);
    const record = await snapshotOf(run.records, snapshotId);
    const snapshot = await driverSnapshotOf(
      run.records,
      record,
      await volumeOf(run.records, record.volumeId),
    );
    const target: DeviceTarget = { kind: 'snapshot', snapshot };
    return withDevice(run.context, { driver, target }, 'read-only', (device) =>
      useDevice(this.#use, run, device),
    );
  }

  async succeed(): Promise<void> {
    // The snapshot is what it was.
  }

  async fail(): Promise<void> {
    // The snapshot is what it was.
  }
}
