import { isDriverError } from '@scoria/core';
import type { DriverError, PlanRequest } from '@scoria/core';
import { Store } from '@scoria/store';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverSnapshotOf, driverVolumeOf } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import type { Blocker } from '../views.js';
import { BackendAccess } from './backend-access.js';
import { ViewContexts } from './view-context.js';

/**
 * What is in the way of a deletion by what is on the backend, which the records do not tell: clones that read a
 * snapshot, snapshots that another program took. Asked of drivers that can tell what they would do; of one whose
 * backend is down, or that refuses for another reason, nothing is known.
 */
@injectable()
export class BackendBlockers {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
  ) {}

  async ofVolume(caller: Caller, volume: VolumeRecord): Promise<Blocker[]> {
    const request = { operation: 'delete-volume', volume: await driverVolumeOf(this.store, volume) } as const;
    return this.#blockers(caller, volume, request);
  }

  async ofSnapshot(caller: Caller, snapshot: SnapshotRecord, volume: VolumeRecord): Promise<Blocker[]> {
    const driverSnapshot = await driverSnapshotOf(this.store, snapshot, volume);
    return this.#blockers(caller, volume, { operation: 'delete-snapshot', snapshot: driverSnapshot });
  }

  async #blockers(caller: Caller, volume: VolumeRecord, request: PlanRequest): Promise<Blocker[]> {
    const error = await this.#refusal(caller, volume.backend, request);
    const { heldBy } = error?.details ?? {};
    if (!Array.isArray(heldBy)) return [];
    // An operation of another process ends by itself.
    const names = heldBy.filter((held): held is string => typeof held === 'string' && held !== 'operation');
    const found = await Promise.all(names.map((name) => this.#blocker(name, volume, request.operation)));
    return found.filter((blocker) => blocker !== undefined);
  }

  async #refusal(caller: Caller, backend: string, request: PlanRequest): Promise<DriverError | undefined> {
    try {
      const { driver, capabilities } = await this.backends.open(backend);
      if (capabilities.includes('plan')) await driver.planOf(this.contexts.of(caller), request);
    } catch (error) {
      if (isDriverError(error, 'volume-busy', 'snapshot-busy')) return error;
      if (!isDriverError(error) && !(error instanceof ManagerError)) throw error;
    }
    return undefined;
  }

  /** Drivers name what they know by the ids that we gave, and all else as the backend does. */
  async #blocker(
    held: string,
    { id, backend, status }: VolumeRecord,
    operation: PlanRequest['operation'],
  ): Promise<Blocker | undefined> {
    const volume = await this.store.getVolume(held);
    if (volume !== undefined) {
      const remedy = `scoria volume delete ${held}`;
      return { kind: 'volume', id: held, name: volume.name, relation: 'reads its data', remedy };
    }
    const snapshot = await this.store.getSnapshot(held);
    if (snapshot !== undefined) {
      const remedy = `scoria snapshot delete ${held}`;
      return { kind: 'snapshot', id: held, name: snapshot.name, relation: 'snapshot of this volume', remedy };
    }
    // The guests of a volume in use are known.
    if (status !== 'available') return undefined;
    const relation = `is on backend ${backend}, and none of ours`;
    const takenOver = `scoria snapshot manage ${id} ${held} --name NAME`;
    const remedy = `remove it there${operation === 'delete-volume' ? `, or take it over: ${takenOver}` : ''}`;
    return { kind: 'backend', id: backend, name: held, relation, remedy };
  }
}
