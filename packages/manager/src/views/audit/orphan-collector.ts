import { messageOf } from '@scoria/core';
import { inject, injectable } from 'inversify';
import type { Caller } from '../../requests.js';
import { OperationSubmitter } from '../operation-submitter.js';
import { CollectSnapshotHandler } from './collect-snapshot.js';
import { CollectVolumeHandler } from './collect-volume.js';
import type { Repair } from './repair.js';

type Collection = Extract<Repair, { kind: 'collect-volume' | 'collect-snapshot' }>;

/** Deletes orphans, each as an operation of its own that holds it and looks once more whether anybody knows it. */
@injectable()
export class OrphanCollector {
  constructor(
    @inject(OperationSubmitter) private readonly engine: OperationSubmitter,
    @inject(CollectVolumeHandler) private readonly volumes: CollectVolumeHandler,
    @inject(CollectSnapshotHandler) private readonly snapshots: CollectSnapshotHandler,
  ) {}

  /** What was done, or why not, for a report. */
  async collect(caller: Caller, collection: Collection): Promise<string> {
    const what =
      collection.kind === 'collect-volume'
        ? `the orphan volume ${collection.found.id}`
        : `the orphan snapshot ${collection.snapshotId} of volume ${collection.volume.id}`;
    try {
      await this.#submit(caller, collection);
      return `deleted ${what}`;
    } catch (error) {
      return `left ${what}: ${messageOf(error)}`;
    }
  }

  async #submit(caller: Caller, collection: Collection): Promise<void> {
    if (collection.kind === 'collect-volume') {
      const { backend, found } = collection;
      const { done } = await this.engine.submit(this.volumes, { backend, found }, caller);
      await done;
      return;
    }
    const { volume, snapshotId } = collection;
    const parameters = { backend: volume.backend, volumeId: volume.id, snapshotId };
    const { done } = await this.engine.submit(this.snapshots, parameters, caller);
    await done;
  }
}
