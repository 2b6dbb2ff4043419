import { DriverError, messageOf } from '@scoria/core';
import type {
  ManageableSnapshot,
  ManageReference,
  ModelUpdate,
  OperationContext,
  Snapshot,
  Volume,
} from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { noVolume } from '../driver/clone-volume.js';
import { RbdTools } from '../driver/rbd-tools.js';
import { snapshotClaim } from '../driver/volume-locks.js';
import { runPlan } from '../execute/plan-executor.js';
import { snapshotName, volumeImage } from '../names.js';
import { planManageSnapshot, reasonAgainstSnapshot, requireManageable } from '../plan/manage-plans.js';
import type { ImageNode } from '../tree/image-node.js';
import { nameOfSnapshot } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';
import { wholeSectors } from './manage-images.js';

/** What is managed already. */
export interface ManagedObjects {
  readonly volumes: readonly Volume[];
  readonly known: readonly Snapshot[];
}

/** Takes single snapshots of volumes' images over. */
@injectable()
export class ManageSnapshotsOfImages {
  constructor(@inject(RbdTools) private readonly tools: RbdTools) {}

  /** See `ManageSnapshots.listManageableSnapshots`. Those that only Ceph itself keeps are not told. */
  async *list(context: OperationContext, managed: ManagedObjects): AsyncIterable<ManageableSnapshot> {
    const volumeIds = new Map(managed.volumes.map(({ id }) => [volumeImage(id), id]));
    const known = new Set(
      managed.known.map(({ id, volume }) => nameOfSnapshot(volumeImage(volume.id), snapshotName(id))),
    );
    const images = await this.tools.connection.use('list images', async ({ pool }) => pool.images());
    for (const { name } of images) {
      context.signal.throwIfAborted();
      const entries = await this.#ofImage(name, volumeIds.get(name));
      yield* entries.filter(({ reference }) => !known.has(nameOfSnapshot(name, nameIn(reference))));
    }
  }

  /** See `ManageSnapshots.manageExistingSnapshotSize`. */
  async size(volume: Volume, reference: ManageReference): Promise<number> {
    const name = this.#snapshotIn(volume, reference);
    return this.tools.connection.use(`look at ${name} of volume ${volume.id}`, async ({ pool }) => {
      const node = await requireVolume(pool, volume);
      return wholeSectors(requireManageable(node, name).sizeBytes);
    });
  }

  /** See `ManageSnapshots.manageExistingSnapshot`. */
  async manage(
    context: OperationContext,
    { id, volume }: Snapshot,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    const [from, to] = [this.#snapshotIn(volume, reference), snapshotName(id)];
    const image = volumeImage(volume.id);
    const { locks, connection, helpers } = this.tools;
    const names = [...new Set([from, to])];
    await using _lock = await locks.hold(
      context,
      names.map((name) => snapshotClaim(image, name)),
    );
    return await connection.use(`manage ${from} of volume ${volume.id}`, async ({ pool }) => {
      const node = await requireVolume(pool, volume);
      await runPlan(context, pool, planManageSnapshot(node, from, to), helpers);
      const { snapshots } = node;
      const found = snapshots.find(({ name, namespace }) => namespace === 'user' && names.includes(name));
      return found === undefined ? {} : { sizeBytes: wholeSectors(found.sizeBytes) };
    });
  }

  /** One image that cannot be read is told as one entry. */
  async #ofImage(image: string, volumeId: string | undefined): Promise<ManageableSnapshot[]> {
    const source = { 'source-name': `${this.tools.options.rbd_pool}/${image}` };
    const common = { source, ...(volumeId === undefined ? {} : { volumeId }) };
    try {
      const node = await this.tools.connection.use(`look at ${image}`, ({ pool }) => readImage(pool, image));
      return (node?.snapshots ?? [])
        .filter(({ namespace }) => namespace === 'user' || namespace === 'group')
        .map((snapshot) => {
          const reason = volumeId === undefined ? notManaged(image) : reasonAgainstSnapshot(snapshot);
          const reference = { 'source-name': snapshot.name };
          const sizeBytes = wholeSectors(snapshot.sizeBytes);
          return { ...common, reference, sizeBytes, safeToManage: reason === '', reason };
        });
    } catch (error) {
      return [{ ...common, reference: {}, safeToManage: false, reason: messageOf(error) }];
    }
  }

  /** Its name, with that of the image before it or without. */
  #snapshotIn({ id }: Volume, reference: ManageReference): string {
    const written = nameIn(reference);
    const image = `${volumeImage(id)}@`;
    const name = [`${this.tools.options.rbd_pool}/${image}`, image].reduce(
      (rest, prefix) => (rest.startsWith(prefix) ? rest.slice(prefix.length) : rest),
      written,
    );
    if (name !== '' && !name.includes('\0')) return name;
    throw new DriverError({
      code: 'invalid-input',
      message:
        `the reference must be { 'source-name': '<snapshot>' }, with the name of a snapshot of ` +
        `${volumeImage(id)}: found ${JSON.stringify(written)}`,
    });
  }
}

function nameIn(reference: ManageReference): string {
  return reference['source-name'] ?? '';
}

function notManaged(image: string): string {
  return `${image} is not managed; manage that as a volume first`;
}

async function requireVolume(pool: RbdPool, volume: Volume): Promise<ImageNode> {
  const node = await readImage(pool, volumeImage(volume.id));
  if (node === undefined) throw noVolume(volume, pool);
  return node;
}
