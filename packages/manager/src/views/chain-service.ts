import type { Snapshot, VolumeLayer } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { toDriverSnapshot, toDriverVolume } from '../driver-objects.js';
import { findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import type { ChainNode, Dependencies } from '../views.js';
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
    const records = { volume, snapshots, blockedBy: await this.#blockers(volume, snapshots) };
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
    const snapshots = records.map((snapshot): Snapshot => toDriverSnapshot(snapshot, volume));
    try {
      return await driver.chainOf(this.contexts.of(caller), toDriverVolume(volume), snapshots);
    } catch (error) {
      throw driverFailure(`the chain of volume ${volume.id} on backend ${volume.backend}`, error);
    }
  }

  async #blockers(
    volume: VolumeRecord,
    snapshots: readonly SnapshotRecord[],
  ): Promise<Map<string, readonly string[]>> {
    const blockers = new Map([[volume.id, texts(await this.dependencies.ofVolume(volume))]]);
    for (const snapshot of snapshots) {
      blockers.set(snapshot.id, texts(await this.dependencies.ofSnapshot(snapshot)));
    }
    return blockers;
  }
}

function texts({ blockers }: Dependencies): string[] {
  return blockers.map(({ kind, id, name }) =>
    name === undefined ? `${kind} ${id}` : `${kind} ${name} (${id})`,
  );
}
