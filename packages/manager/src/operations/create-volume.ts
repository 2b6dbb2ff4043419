import type { ModelUpdate, ScoriaError } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { Claim, Records, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';
import { Quotas } from '../placement/quotas.js';
import { Untouched } from './begin.js';
import { sharedSnapshot, sharedVolume, wholeVolume } from './claims.js';
import { connectionsAgain } from './connections-again.js';
import { changedMeanwhile } from './refusals.js';
import { enterSnapshotState } from './snapshot-state.js';
import { enterState, leaveInFailure, leaveInSuccess, storedUpdate } from './volume-state.js';
import type { VolumeSource } from './volume-source.js';
import { fillFromSource } from './volume-source.js';

export interface Place {
  readonly backend: string;
  readonly pool?: string;
}

export interface CreateVolumeParameters {
  /** What is inserted when it is accepted. */
  readonly volume: VolumeRecord;
  readonly source?: VolumeSource;
  /** Best first. */
  readonly candidates: readonly Place[];
  /** The candidate that is tried. */
  readonly attempt: number;
  /** The backend has a volume of this id that we did not make: it is not to be removed. */
  readonly foreign?: boolean;
}

/** What a backend may lack that another one has. */
const TRY_ELSEWHERE: readonly string[] = ['no-space', 'unavailable', 'backend-down'];

/** Makes a volume: empty, from a snapshot, or as a clone; where one backend has no room, on the next. */
@injectable()
export class CreateVolume implements OperationHandler<CreateVolumeParameters, ModelUpdate> {
  readonly kind = 'create-volume';
  readonly recovery = 'undo';

  readonly #untouched = new Untouched();

  constructor(
    @inject(Quotas) private readonly quotas: Quotas,
    @inject(Store) private readonly store: Store,
  ) {}

  backends(parameters: CreateVolumeParameters): readonly string[] {
    const { backend } = placeOf(parameters);
    const source = parameters.source?.backend;
    return source === undefined || source === backend ? [backend] : [backend, source];
  }

  claims({ volume, source }: CreateVolumeParameters): readonly Claim[] {
    const own = wholeVolume(volume.id);
    if (source === undefined) return [own];
    const shared = sharedVolume(source.volumeId);
    return source.kind === 'volume' ? [own, shared] : [own, shared, sharedSnapshot(source.snapshotId)];
  }

  async accept(records: Records, { volume, source }: CreateVolumeParameters): Promise<void> {
    await requireSource(records, source, volume.sizeBytes);
    await this.quotas.reserve(records, volume.projectId, { volumes: 1, gigabytes: volume.sizeBytes });
    await records.insertVolume(volume);
  }

  async run(parameters: CreateVolumeParameters, run: OperationRun): Promise<ModelUpdate> {
    const failures: string[] = [];
    for (let tried = parameters; ;) {
      const attempt = new Attempt(tried, run, this.#untouched);
      try {
        const update = await attempt.make();
        await this.#sourceAgain(parameters, run);
        return update;
      } catch (error) {
        const { backend } = placeOf(tried);
        failures.push(`${backend}: ${messageOf(error)}`);
        if (!mayTryElsewhere(error, tried)) throw allFailed(error, failures);
        await attempt.leave(() => this.undo(tried, run));
        tried = { ...tried, attempt: tried.attempt + 1 };
        await moveOn(tried, run);
      }
    }
  }

  async undo(parameters: CreateVolumeParameters, run: OperationRun): Promise<void> {
    if (this.#untouched.take(run)) return;
    try {
      await remove(parameters, run);
    } finally {
      await this.#sourceAgain(parameters, run);
    }
  }

  async succeed(records: Records, { volume }: CreateVolumeParameters, update: ModelUpdate): Promise<void> {
    const stored = (await records.getVolume(volume.id)) ?? volume;
    const changes = await storedUpdate(records, stored, update);
    await leaveInSuccess(records, this.kind, subject(volume), changes);
  }

  async fail(records: Records, { volume }: CreateVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, subject(volume), error);
  }

  /** A clone leaves its source as it was for the guests that have it; where they find it may have changed. */
  async #sourceAgain({ source }: CreateVolumeParameters, run: OperationRun): Promise<void> {
    if (source?.kind === 'volume') await connectionsAgain(this.store, run, source);
  }
}

/** What another made is not ours to remove. */
async function remove(parameters: CreateVolumeParameters, run: OperationRun): Promise<void> {
  if (parameters.foreign === true) return;
  const { driver } = await run.backend(placeOf(parameters).backend);
  await driver.deleteVolume(run.context, await driverVolumeOf(run.records, parameters.volume));
}

/** One try on one backend. */
class Attempt {
  #made = false;

  constructor(
    private readonly parameters: CreateVolumeParameters,
    private readonly run: OperationRun,
    private readonly untouched: Untouched,
  ) {}

  async make(): Promise<ModelUpdate> {
    const { parameters, run } = this;
    const place = placeOf(parameters);
    const { driver } = await this.untouched.beginOn(run, place.backend);
    const volume = await driverVolumeOf(run.records, parameters.volume);
    try {
      const { source } = parameters;
      if (source === undefined) return await driver.createVolume(run.context, volume);
      return await fillFromSource(run, { volume, backend: place.backend, source }, () => {
        this.#made = true;
      });
    } catch (error) {
      if (!this.#made && isAlreadyThere(error)) await run.updateParameters({ ...parameters, foreign: true });
      throw error;
    }
  }

  /**
   * Leaves the backend without anything of ours. A driver's method that fails has left nothing itself; so only where
   * the volume had been made is it an obstacle that the backend cannot be asked to remove it.
   */
  async leave(undo: () => Promise<void>): Promise<void> {
    try {
      await undo();
    } catch (error) {
      if (this.#made) throw error;
      const { backend } = placeOf(this.parameters);
      this.run.context.logger.warn('a backend that failed to make a volume could not be asked to remove it', {
        backend,
        volumeId: this.parameters.volume.id,
        error: messageOf(error),
      });
    }
  }
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'already-exists';
}

function placeOf({ candidates, attempt }: CreateVolumeParameters): Place {
  const place = candidates[attempt];
  if (place === undefined) throw new Error(`there is no candidate ${attempt} of ${candidates.length}`);
  return place;
}

function subject(volume: VolumeRecord): { volumeId: string; backend: string; before: 'creating' } {
  return { volumeId: volume.id, backend: volume.backend, before: 'creating' };
}

function mayTryElsewhere(error: unknown, { candidates, attempt }: CreateVolumeParameters): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && TRY_ELSEWHERE.includes(code) && attempt + 1 < candidates.length;
}

/** The parameters first: they say where to undo. */
async function moveOn(parameters: CreateVolumeParameters, run: OperationRun): Promise<void> {
  await run.updateParameters(parameters);
  const { backend, pool } = placeOf(parameters);
  await run.records.changeVolume(parameters.volume.id, ['creating'], { backend, pool });
}

function allFailed(error: unknown, failures: readonly string[]): unknown {
  if (failures.length === 1) return error;
  return new ManagerError({
    code: 'no-backend',
    message: `no backend could make the volume: ${failures.join('; ')}`,
    details: { failures },
    cause: error,
  });
}

/** A volume may have grown since it was looked at. */
async function requireSource(
  records: Records,
  source: VolumeSource | undefined,
  room: number,
): Promise<void> {
  if (source?.kind === 'snapshot') await enterSnapshotState(records, source);
  if (source?.kind !== 'volume') return;
  const { id, sizeBytes } = await enterState(records, 'clone-source', source);
  if (sizeBytes > room) throw changedMeanwhile('volume', id, `it has ${sizeBytes} bytes now`);
}
