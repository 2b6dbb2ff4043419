import type { PlanRequest } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverSnapshotOf, driverVolumeOf, toDriverSnapshot } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { CreateVolumeParameters } from '../operations/create-volume.js';
import type { MoveVolumeParameters } from '../operations/move-volume.js';
import { snapshotOf } from '../operations/snapshot-state.js';
import { volumeOf } from '../operations/volume-state.js';
import { gib } from '../placement/room.js';
import type { Caller, CreateSnapshotRequest, CreateVolumeRequest, RetypeOptions } from '../requests.js';
import type { OperationPlan } from '../views.js';
import { refusalsOf } from './plans/dry-accept.js';
import type { Question, Steps } from './plans/driver-steps.js';
import { DriverSteps, onBackend } from './plans/driver-steps.js';
import type { DriverSource, Outline } from './plans/outline.js';
import { aboutVolume, outlineOfCreation, outlineOfMove } from './plans/outline.js';
import { OperationPreparations } from './plans/preparations.js';
import type { Prepared } from './plans/preparations.js';

/** Mistakes in the request itself: the dry run fails as the operation would. */
const MISTAKES: readonly string[] = ['not-found', 'ambiguous-name', 'invalid-input'];

/** What operations would do, and why they would be refused; nothing is changed. */
@injectable()
export class PlanService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(OperationPreparations) private readonly preparations: OperationPreparations,
    @inject(DriverSteps) private readonly drivers: DriverSteps,
  ) {}

  async createVolume(caller: Caller, request: CreateVolumeRequest): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'create-volume', subject: `volume ${request.name}` },
      () => this.preparations.createVolume(caller, request),
      async (parameters) => this.#outlineOfCreation(parameters),
    );
  }

  async deleteVolume(
    caller: Caller,
    name: string,
    options: { cascade?: boolean } = {},
  ): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'delete-volume', subject: `volume ${name}` },
      () => this.preparations.deleteVolume(caller, name, options),
      async ({ volumeId, snapshots }) => {
        const volume = await this.#volume(volumeId);
        const removal: Question = {
          backend: volume.backend,
          request: { operation: 'delete-volume', volume: await driverVolumeOf(this.store, volume) },
          inWords: 'remove the volume',
        };
        // With snapshots on it the driver would refuse: what comes then cannot be asked for now.
        const cascade = snapshots.map(({ snapshotId }) =>
          onBackend(volume.backend, `delete snapshot ${snapshotId}`),
        );
        return {
          ...aboutVolume(volume),
          before: ['record it as deleting'],
          work: cascade.length === 0 ? [removal] : [...cascade, onBackend(volume.backend, removal.inWords)],
          after: [`forget it, and give ${gib(volume.sizeBytes)} back to project ${volume.projectId}`],
        };
      },
    );
  }

  async extendVolume(caller: Caller, name: string, newSizeBytes: number): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'extend-volume', subject: `volume ${name}` },
      () => this.preparations.extendVolume(caller, name, newSizeBytes),
      async ({ volumeId }) => {
        const volume = await this.#volume(volumeId);
        const driverVolume = await driverVolumeOf(this.store, volume);
        const request = { operation: 'extend-volume', volume: driverVolume, newSizeBytes } as const;
        const growth = gib(newSizeBytes - volume.sizeBytes);
        return {
          ...aboutVolume(volume),
          before: [`take ${growth} of project ${volume.projectId}'s quota`, 'record it as extending'],
          work: [{ backend: volume.backend, request, inWords: `grow it to ${gib(newSizeBytes)}` }],
          after: [`record it as ${volume.status}, with ${gib(newSizeBytes)}`],
        };
      },
    );
  }

  async revertVolume(caller: Caller, name: string, snapshotName: string): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'revert-volume', subject: `volume ${name}` },
      () => this.preparations.revertVolume(caller, name, snapshotName),
      async ({ volumeId, snapshotId }) => {
        const volume = await this.#volume(volumeId);
        const driverVolume = await driverVolumeOf(this.store, volume);
        const snapshot = toDriverSnapshot(await this.#snapshot(snapshotId), driverVolume);
        const request: PlanRequest = {
          operation: 'revert-to-snapshot',
          volume: driverVolume,
          snapshot,
        };
        return {
          ...aboutVolume(volume),
          before: ['record it as reverting'],
          work: [
            {
              backend: volume.backend,
              request,
              needs: 'revert',
              otherwise: [`copy the data of snapshot ${snapshotId} over the volume`],
              inWords: `put it back to snapshot ${snapshotId}`,
            },
          ],
          after: ['record it as available'],
        };
      },
    );
  }

  async migrateVolume(caller: Caller, name: string, backend: string): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'migrate-volume', subject: `volume ${name}` },
      () => this.preparations.migrateVolume(caller, name, backend),
      (parameters) => this.#outlineOfMove(parameters, 'maintenance'),
    );
  }

  async retypeVolume(
    caller: Caller,
    name: string,
    type: string,
    options: RetypeOptions = {},
  ): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'retype-volume', subject: `volume ${name}` },
      () => this.preparations.retypeVolume(caller, name, type, options),
      (parameters) => this.#outlineOfMove(parameters, 'retyping'),
    );
  }

  async createSnapshot(caller: Caller, request: CreateSnapshotRequest): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'create-snapshot', subject: `snapshot ${request.name}` },
      () => this.preparations.createSnapshot(caller, request),
      async ({ volumeId, snapshot }) => {
        const volume = await this.#volume(volumeId);
        const size = gib(snapshot.sizeBytes);
        return {
          subject: `snapshot ${snapshot.name} of volume ${volume.name} (${volume.id})`,
          backend: volume.backend,
          before: [
            `take 1 snapshot and ${size} of project ${snapshot.projectId}'s quota`,
            'record it as creating',
          ],
          work: [
            {
              backend: volume.backend,
              request: {
                operation: 'create-snapshot',
                snapshot: await driverSnapshotOf(this.store, snapshot, volume),
              },
              inWords: 'take the snapshot',
            },
          ],
          after: [...connectionsOf(volume), 'record it as available'],
        };
      },
    );
  }

  async deleteSnapshot(caller: Caller, name: string): Promise<OperationPlan> {
    return this.#plan(
      caller,
      { operation: 'delete-snapshot', subject: `snapshot ${name}` },
      () => this.preparations.deleteSnapshot(caller, name),
      async ({ volumeId, snapshotId }) => {
        const volume = await this.#volume(volumeId);
        const record = await this.#snapshot(snapshotId);
        const snapshot = await driverSnapshotOf(this.store, record, volume);
        return {
          subject: `snapshot ${record.name} (${record.id}) of volume ${volume.name}`,
          backend: volume.backend,
          before: ['record it as deleting'],
          work: [
            {
              backend: volume.backend,
              request: { operation: 'delete-snapshot', snapshot },
              inWords: 'remove the snapshot',
            },
          ],
          after: [
            ...connectionsOf(volume),
            `forget it, and give ${gib(record.sizeBytes)} back to project ${record.projectId}`,
          ],
        };
      },
    );
  }

  async #plan<P extends object>(
    caller: Caller,
    named: Pick<OperationPlan, 'operation' | 'subject'>,
    prepare: () => Promise<Prepared<P>>,
    outlineOf: (parameters: P) => Promise<Outline>,
  ): Promise<OperationPlan> {
    const prepared = await refusable(prepare);
    if (typeof prepared === 'string') return { ...named, steps: [], problems: [prepared] };
    const { handler, parameters } = prepared;
    const outline = await outlineOf(parameters);
    const refusals = await refusalsOf(this.store, handler, parameters);
    const work = await this.#work(caller, outline, refusals.length > 0);
    return {
      operation: named.operation,
      subject: outline.subject,
      backend: outline.backend,
      steps: [...outline.before, ...work.flatMap(({ steps }) => steps), ...outline.after],
      problems: [...refusals, ...work.flatMap(({ problems }) => problems)],
    };
  }

  /** What is refused before the drivers would be called is not asked of them. */
  async #work(caller: Caller, { work }: Outline, isRefused: boolean): Promise<Steps[]> {
    const all: Steps[] = [];
    for (const part of work) {
      if (typeof part === 'string') all.push({ steps: [part], problems: [] });
      else if (isRefused) all.push({ steps: [onBackend(part.backend, part.inWords)], problems: [] });
      else all.push(await this.drivers.of(caller, part));
    }
    return all;
  }

  async #outlineOfCreation(parameters: CreateVolumeParameters): Promise<Outline> {
    const made = await driverVolumeOf(this.store, parameters.volume);
    return outlineOfCreation(parameters, made, await this.#source(parameters));
  }

  async #outlineOfMove(parameters: MoveVolumeParameters, during: string): Promise<Outline> {
    const record = await this.#volume(parameters.volumeId);
    const { temporary } = parameters;
    return outlineOfMove(record, parameters, during, {
      volume: await driverVolumeOf(this.store, record),
      copy: temporary && (await driverVolumeOf(this.store, temporary)),
    });
  }

  async #source({ source }: CreateVolumeParameters): Promise<DriverSource | undefined> {
    if (source === undefined) return undefined;
    const { backend } = source;
    const volume = await this.#volume(source.volumeId);
    if (source.kind === 'volume')
      return { kind: 'volume', backend, volume: await driverVolumeOf(this.store, volume) };
    const snapshot = await driverSnapshotOf(this.store, await this.#snapshot(source.snapshotId), volume);
    return { kind: 'snapshot', backend, snapshot };
  }

  async #volume(id: string): Promise<VolumeRecord> {
    return volumeOf(this.store, id);
  }

  async #snapshot(id: string): Promise<SnapshotRecord> {
    return snapshotOf(this.store, id);
  }
}

/** A guest that has the volume may find it in another file afterwards. */
function connectionsOf({ status }: VolumeRecord): string[] {
  return status === 'in-use' ? ['ask how its guest reaches the volume now, and record it'] : [];
}

/** The refusal, where it is not a mistake in the request. */
async function refusable<T extends object>(prepare: () => Promise<T>): Promise<T | string> {
  try {
    return await prepare();
  } catch (error) {
    if (error instanceof ManagerError && !MISTAKES.includes(error.code)) return error.message;
    throw error;
  }
}
