import type { AdoptableVolume, Snapshot } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import type { OperationHandler, OperationRun } from '../../engine/operation-handler.js';
import { backendIdOf } from '../../driver-objects.js';
import { ManagerError } from '../../errors.js';
import { everyVolume } from '../every-page.js';
import { foundVolume } from './find-orphans.js';

export interface CollectVolume {
  readonly backend: string;
  readonly found: AdoptableVolume;
}

/** Deletes a volume that nobody knows from its backend. Holds its id, so that nobody adopts it meanwhile. */
@injectable()
export class CollectVolumeHandler implements OperationHandler<CollectVolume, void> {
  readonly kind = 'collect-orphan-volume';
  /** Deletes can be repeated. */
  readonly recovery = 'resume';

  backends({ backend }: CollectVolume): readonly string[] {
    return [backend];
  }

  claims({ found }: CollectVolume): readonly Claim[] {
    return [{ kind: 'volume', id: found.id, mode: 'exclusive' }];
  }

  async accept(records: Records, { found }: CollectVolume): Promise<void> {
    const owner = (await everyVolume(records)).find((volume) => backendIdOf(volume) === found.id);
    if (owner === undefined) return;
    throw new ManagerError({
      code: 'conflict',
      message: `${found.id} is no orphan any more: it is volume ${owner.id} of backend ${owner.backend}`,
      details: { volumeId: owner.id },
    });
  }

  /** Its newest snapshot first, as some backends want it. */
  async run({ backend, found }: CollectVolume, run: OperationRun): Promise<void> {
    const { driver } = await run.backend(backend);
    const volume = foundVolume(found);
    for (const { id, sizeBytes, providerMetadata } of [...found.snapshots].reverse()) {
      const snapshot: Snapshot = { id, name: id, volume, sizeBytes, providerMetadata };
      await driver.deleteSnapshot(run.context, snapshot);
    }
    await driver.deleteVolume(run.context, volume);
  }

  async succeed(): Promise<void> {
    // There never was a record.
  }

  async fail(): Promise<void> {
    // What is left of it is an orphan as before; the next audit finds it.
  }
}
