import type { Snapshot, VolumeLayer } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverVolumeOf, toDriverSnapshot } from '../driver-objects.js';
import { findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import type { Blocker, ChainNode } from '../views.js';
import { BackendAccess } from './backend-access.js';
import { chainOfLayers, chainOfRecords } from './chain.js';
import { DependencyService } from './dependency-service.js';
import { driverFailure } from './driver-failure.js';
import { everySnapshot } from './every-page.js';
import { ViewContexts } from './view-context.js';

/** What a volume is made of: as its backend tells where it can, else as the records have it. */
@injectable()
export class ChainService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(DependencyService) private readonly dependencies: DependencyService,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
  ) {}

  /** See `VolumeManager.chain`. */
  async of(caller: Caller, name: string): Promise<ChainNode[]> {
    const volume = await findVolume(this.store, caller.projectId, name);
    const snapshots = await everySnapshot(this.store, { volumeId: volume.id });
    const blockers = await this.dependencies.blockers(caller, volume, snapshots);
    const blockedBy = new Map([...blockers].map(([id, all]) => [id, all.map(textOf)]));
    const records = { volume, snapshots, blockedBy };
    const layers = await this.#layers(caller, volume, snapshots);
    return layers === undefined ? chainOfRecords(records) : chainOfLayers(layers, records);
  }

  /** Undefined where the driver cannot tell, or an operation has the volume to itself. */
  async #layers(
    caller: Caller,
    volume: VolumeRecord,
    records: readonly SnapshotRecord[],
  ): Promise<readonly VolumeLayer[] | undefined> {
    const reading = { kind: 'volume', id: volume.id, mode: 'shared' } as const;
    if ((await this.store.conflictingOperations([reading])).length > 0) return undefined;
    const { driver, capabilities } = await this.backends.open(volume.backend);
    if (!capabilities.includes('inspect')) return undefined;
    const driverVolume = await driverVolumeOf(this.store, volume);
    const snapshots = records.map((snapshot): Snapshot => toDriverSnapshot(snapshot, driverVolume));
    try {
      return await driver.chainOf(this.contexts.of(caller), driverVolume, snapshots);
    } catch (error) {
      throw driverFailure(`the chain of volume ${volume.id} on backend ${volume.backend}`, error);
    }
  }
}

function textOf({ kind, id, name }: Blocker): string {
  return name === undefined ? `${kind} ${id}` : `${kind} ${name} (${id})`;
}
