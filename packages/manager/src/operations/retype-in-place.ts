import type { DriverError, ModelUpdate } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import type { Records, Store, VolumeRecord } from '@scoria/store';
import { driverTypeOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';
import { beginOn } from './begin.js';
import type { VolumeSubject } from './volume-state.js';
import { volumeOf } from './volume-state.js';

/** A volume that is to get another type, and the volume it would be copied to if it has to move. */
export interface RetypeSubject extends VolumeSubject {
  readonly typeId?: string;
  readonly temporary?: VolumeRecord;
  readonly inPlace?: boolean;
}

type Result = { readonly update: ModelUpdate } | { readonly refusal: DriverError };

/** Asks the volume's driver to change it where it is. Drivers take a second time for a success. */
export async function retypedInPlace(run: OperationRun, subject: RetypeSubject): Promise<Result> {
  const { backend, volumeId, before, typeId } = subject;
  const { driver } = await beginOn(run, backend);
  const record = await volumeOf(run.records, volumeId);
  const volume = await driverVolumeOf(run.records, record, before === 'in-use' ? before : record.status);
  const to = await driverTypeOf(run.records, typeId);
  try {
    return { update: await driver.retypeVolume(run.context, volume, to) };
  } catch (error) {
    if (isDriverError(error, 'not-supported')) return { refusal: error };
    throw error;
  }
}

type AdmitCopy = (records: Records, volume: VolumeRecord, copy: VolumeRecord) => Promise<void>;

/**
 * Makes a retype that its driver has refused a move, durably: whoever takes it over goes on with the move.
 * @param admit makes the record of the copy
 * @throws ManagerError `not-supported` where it is not to be moved
 */
export async function movedInstead<Subject extends RetypeSubject>(
  { store, admit }: { readonly store: Store; readonly admit: AdmitCopy },
  run: OperationRun,
  subject: Subject,
  refusal: DriverError,
): Promise<Subject> {
  const { temporary, volumeId } = subject;
  if (temporary === undefined) throw notWhereItIs(subject, refusal);
  await store.transaction(async (records) => {
    const isThere = (await records.getVolume(temporary.id)) !== undefined;
    if (!isThere) await admit(records, await volumeOf(records, volumeId), temporary);
  });
  const moving = { ...subject, inPlace: false };
  await run.updateParameters(moving);
  return moving;
}

function notWhereItIs({ volumeId, backend, before }: RetypeSubject, refusal: DriverError): ManagerError {
  const detached = before === 'in-use' ? 'detach it, and ' : '';
  return new ManagerError({
    code: 'not-supported',
    message:
      `backend ${backend} cannot give volume ${volumeId} that type where it is: ${refusal.message}; ${detached}let it ` +
      'be moved to another backend that can (migration policy on-demand), or make a new volume of the type',
    details: { volume: volumeId, backend, code: refusal.code },
    cause: refusal,
  });
}
