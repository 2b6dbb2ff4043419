import type { GuardedDriver, ModelUpdate, ScoriaError, VolumeStatus } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { Changes, Claim, Records, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable, injectFromBase } from 'inversify';
import { copyToEmpty, verifySame } from '../data/copy-data.js';
import { backendIdOf, changesOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';
import { Untouched } from './begin.js';
import { wholeVolume } from './claims.js';
import { changedMeanwhile, hasDependents } from './refusals.js';
import { movedInstead, retypedInPlace } from './retype-in-place.js';
import { VOLUME_STATES } from './states.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, storedUpdate, volumeOf } from './volume-state.js';

export interface MoveVolumeParameters extends VolumeSubject {
  /**
   * The volume on the other backend that the data is copied to; after the switch, the record of the old data.
   * None where the volume is not to be moved.
   */
  readonly temporary?: VolumeRecord;
  /** Its backend is asked to change it where it is; it is moved only where that cannot. */
  readonly inPlace?: boolean;
  /** The type the volume has afterwards, where it gets another. */
  readonly typeId?: string;
  /** The copy has begun: who finds this at the beginning has taken the operation over. */
  readonly begun?: boolean;
}

/**
 * Moves a volume to another backend: copy, compare, switch the records in one transaction, delete the old data.
 * Until the switch everything can be undone; after it only the old data is left to be removed.
 */
@injectable()
abstract class MoveVolume implements OperationHandler<MoveVolumeParameters, ModelUpdate | undefined> {
  abstract readonly kind: 'migrate-volume' | 'retype-volume';
  /** A takeover finishes what was switched; what was not, it fails, and so undoes. */
  readonly recovery = 'resume';
  readonly #untouched = new Untouched();

  constructor(@inject(Store) protected readonly store: Store) {}

  backends({ backend, temporary }: MoveVolumeParameters): readonly string[] {
    return temporary === undefined ? [] : [backend, temporary.backend];
  }

  claims({ volumeId, temporary }: MoveVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId), ...(temporary === undefined ? [] : [wholeVolume(temporary.id)])];
  }

  async accept(records: Records, parameters: MoveVolumeParameters): Promise<void> {
    const { temporary, typeId, inPlace = false } = parameters;
    const volume = await enterState(records, this.kind, parameters);
    await requireType(records, typeId);
    if (temporary !== undefined && !inPlace) await admitCopy(records, volume, temporary);
  }

  async run(parameters: MoveVolumeParameters, run: OperationRun): Promise<ModelUpdate | undefined> {
    const { temporary } = parameters;
    if (temporary === undefined) return undefined;
    if (!(await isSwitched(run.records, parameters))) {
      if (parameters.begun === true) throw interrupted(parameters);
      await run.updateParameters({ ...parameters, begun: true });
      const from = await this.#untouched.beginOn(run, parameters.backend);
      const to = await this.#untouched.beginOn(run, temporary.backend);
      await copyOver(run, { from: from.driver, to: to.driver }, parameters.volumeId, temporary);
      await run.context.step('switch to the copy');
      await this.store.transaction((records) => this.#switch(records, parameters, temporary.id));
    }
    await dropOldData(run, temporary.id);
    return undefined;
  }

  async undo({ temporary }: MoveVolumeParameters, run: OperationRun): Promise<void> {
    if (temporary === undefined) return;
    if (this.#untouched.take(run)) await run.records.removeVolume(temporary.id);
    else await dropTemporary(run, temporary.id);
  }

  async succeed(
    records: Records,
    parameters: MoveVolumeParameters,
    update: ModelUpdate | undefined,
  ): Promise<void> {
    const { typeId, volumeId } = parameters;
    const stored =
      update === undefined ? {} : await storedUpdate(records, await volumeOf(records, volumeId), update);
    const changes = { ...stored, ...(typeId === undefined ? {} : { typeId }) };
    await leaveInSuccess(records, this.kind, parameters, changes);
  }

  /** A record of the temporary volume that is still there could not be undone: its data is left somewhere. */
  async fail(records: Records, parameters: MoveVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
    if (parameters.temporary === undefined) return;
    await records.changeVolume(parameters.temporary.id, ['creating', 'deleting'], {
      status: 'error_deleting',
      statusReason: `what a move of volume ${parameters.volumeId} left could not be removed; delete it`,
    });
  }

  async #switch(records: Records, { volumeId, typeId }: MoveVolumeParameters, id: string): Promise<void> {
    const volume = await volumeOf(records, volumeId);
    const temporary = await volumeOf(records, id);
    const during: VolumeStatus = VOLUME_STATES[this.kind].during;
    const moved = await records.changeVolume(volumeId, [during], {
      ...placeFields(temporary),
      ...(typeId === undefined ? {} : { typeId }),
    });
    const old = { ...placeFields(volume), typeId: volume.typeId, status: 'deleting' } as const;
    if (!moved || !(await records.changeVolume(id, ['creating'], old))) {
      throw changedMeanwhile('volume', volumeId, `it was not ${during} when its copy was ready`);
    }
  }
}

/** Moves a volume to a backend that was named. */
@injectable()
@injectFromBase({ extendConstructorArguments: true })
export class MigrateVolume extends MoveVolume {
  readonly kind = 'migrate-volume';
}

/**
 * Gives a volume another type: where it is, or by moving it where its backend is not what the type asks for, or cannot
 * change it.
 */
@injectable()
@injectFromBase({ extendConstructorArguments: true })
export class RetypeVolume extends MoveVolume {
  readonly kind = 'retype-volume';

  override async run(parameters: MoveVolumeParameters, run: OperationRun): Promise<ModelUpdate | undefined> {
    if (parameters.inPlace !== true) return super.run(parameters, run);
    const result = await retypedInPlace(run, parameters);
    if ('update' in result) return result.update;
    const { store } = this;
    const moving = await movedInstead({ store, admit: admitCopy }, run, parameters, result.refusal);
    return super.run(moving, run);
  }
}

/**
 * In a transaction: makes the record of the volume that the data is copied to.
 * @throws ManagerError `conflict`, `has-dependents`
 */
async function admitCopy(records: Records, volume: VolumeRecord, copy: VolumeRecord): Promise<void> {
  const { id, sizeBytes } = volume;
  if (sizeBytes !== copy.sizeBytes) throw changedMeanwhile('volume', id, `it has ${sizeBytes} bytes now`);
  await requireNoSnapshots(records, id);
  await records.insertVolume(copy);
}

/** Where a volume's data is, and what its driver knows of it. */
function placeFields(volume: VolumeRecord): Changes<VolumeRecord> {
  const { backend, pool, providerLocation, providerId, providerMetadata } = volume;
  return { nameId: backendIdOf(volume), backend, pool, providerLocation, providerId, providerMetadata };
}

async function isSwitched(records: Records, { volumeId, temporary }: MoveVolumeParameters): Promise<boolean> {
  return (await volumeOf(records, volumeId)).nameId === temporary?.id;
}

async function copyOver(
  run: OperationRun,
  { from, to }: { readonly from: GuardedDriver; readonly to: GuardedDriver },
  volumeId: string,
  temporary: VolumeRecord,
): Promise<void> {
  const original = await driverVolumeOf(run.records, await volumeOf(run.records, volumeId));
  const source = { driver: from, target: { kind: 'volume', volume: original } } as const;
  const update = await to.createVolume(run.context, await driverVolumeOf(run.records, temporary));
  await run.records.changeVolume(temporary.id, ['creating'], changesOf(update, temporary));
  const volume = await driverVolumeOf(run.records, await volumeOf(run.records, temporary.id));
  const copy = { driver: to, target: { kind: 'volume', volume } } as const;
  await copyToEmpty(run.context, source, copy);
  await verifySame(run.context, source, copy);
}

/** Removes the data that the temporary record stands for now, wherever it is, and then the record. */
async function dropTemporary(run: OperationRun, id: string): Promise<void> {
  const record = await run.records.getVolume(id);
  if (record === undefined) return;
  const { driver } = await run.backend(record.backend);
  await driver.deleteVolume(run.context, await driverVolumeOf(run.records, record));
  await run.records.removeVolume(id);
}

/** The volume has its data on the new backend: what cannot be removed of the old one is no failure of the move. */
async function dropOldData(run: OperationRun, id: string): Promise<void> {
  try {
    await dropTemporary(run, id);
  } catch (error) {
    const statusReason = `the old data of a volume that was moved could not be removed; delete it: ${messageOf(error)}`;
    await run.records.changeVolume(id, ['deleting'], { status: 'error_deleting', statusReason });
    run.context.logger.warn('the old data of a moved volume is left', {
      volumeId: id,
      error: messageOf(error),
    });
  }
}

function interrupted({ volumeId }: MoveVolumeParameters): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `the process that moved volume ${volumeId} ended before the copy was ready; start the move again`,
    details: { volume: volumeId },
  });
}

async function requireType(records: Records, typeId: string | undefined): Promise<void> {
  if (typeId === undefined) return;
  const types = await records.listVolumeTypes();
  if (types.some(({ id }) => id === typeId)) return;
  throw new ManagerError({
    code: 'not-found',
    message: `the volume type ${typeId} was deleted meanwhile`,
    details: { type: typeId },
  });
}

/** @throws ManagerError `has-dependents`: snapshots are not moved */
export async function requireNoSnapshots(
  records: Pick<Records, 'listSnapshots'>,
  volumeId: string,
): Promise<void> {
  const ids = (await records.listSnapshots({ volumeId, limit: 100 })).map(({ id }) => id);
  if (ids.length === 0) return;
  throw hasDependents(
    `volume ${volumeId} has snapshots, which stay where they are (${ids.join(', ')}); delete them first`,
    ids,
  );
}
