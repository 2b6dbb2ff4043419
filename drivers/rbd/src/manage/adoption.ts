import { DriverError, messageOf } from '@scoria/core';
import type { AdoptableSnapshot, AdoptableVolume, ModelUpdate, OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { RbdConnection } from '../cluster/rbd-connection.js';
import { noVolume } from '../driver/clone-volume.js';
import { snapshotIdOf, volumeIdOf, volumeImage } from '../names.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';

/**
 * Takes over the volumes of a pool that OpenStack Cinder, or an earlier Scoria, has written. Nothing has to change: the
 * names are the same, and deleted images and clone snapshots go with the last clone that needs them.
 */
@injectable()
export class Adoption {
  constructor(@inject(RbdConnection) private readonly connection: RbdConnection) {}

  /** See `AdoptVolumes.findAdoptable`. */
  async *find(context: OperationContext): AsyncIterable<AdoptableVolume> {
    const images = await this.connection.use('list images', async ({ pool }) => pool.images());
    for (const { name } of images) {
      const id = volumeIdOf(name);
      if (id === undefined) continue;
      context.signal.throwIfAborted();
      const found = await this.#look(id);
      if (found !== undefined) yield found;
    }
  }

  /** See `AdoptVolumes.adopt`. */
  async adopt({ id, problems }: AdoptableVolume): Promise<ModelUpdate> {
    if (problems.length > 0) throw damaged(id, problems);
    return this.connection.use(`adopt volume ${id}`, async ({ pool }) => {
      const node = await readImage(pool, volumeImage(id));
      if (node === undefined) throw noVolume({ id }, pool);
      return { providerLocation: pool.name, sizeBytes: node.sizeBytes };
    });
  }

  /** @returns undefined for one that has gone meanwhile */
  async #look(id: string): Promise<AdoptableVolume | undefined> {
    return this.connection.use(`look at volume ${id}`, async ({ pool }) => {
      try {
        const node = await readImage(pool, volumeImage(id));
        return node && adoptable(id, pool.name, node);
      } catch (error) {
        return unreadable(id, pool.name, messageOf(error));
      }
    });
  }
}

function adoptable(id: string, pool: string, { sizeBytes, snapshots }: ImageNode): AdoptableVolume {
  const known = snapshots.flatMap(({ name, namespace, sizeBytes: size }): AdoptableSnapshot[] => {
    const snapshotId = namespace === 'user' ? snapshotIdOf(name) : undefined;
    return snapshotId === undefined ? [] : [{ id: snapshotId, sizeBytes: size, providerMetadata: {} }];
  });
  const common = { id, sizeBytes, providerLocation: pool, providerMetadata: {}, changes: [] };
  return { ...common, snapshots: known, problems: [] };
}

function unreadable(id: string, pool: string, reason: string): AdoptableVolume {
  const common = {
    id,
    sizeBytes: 0,
    providerLocation: pool,
    providerMetadata: {},
    changes: [],
    snapshots: [],
  };
  return { ...common, problems: [`${volumeImage(id)} cannot be read: ${reason}; repair or remove it`] };
}

function damaged(id: string, problems: readonly string[]): DriverError {
  return new DriverError({
    code: 'damaged',
    message: `volume ${id} cannot be adopted: ${problems.join('; ')}`,
    details: { volumeId: id },
  });
}
