import type { Flattening, Volume, VolumeLayer } from '@scoria/core';
import type { ParentImage, RbdPool } from '@scoria/librbd';
import { snapshotIdOf, volumeImage } from '../names.js';
import type { ImageNode } from '../tree/image-node.js';
import { nameOfSnapshot } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';
import { noVolume } from './clone-volume.js';
import type { RbdTools } from './rbd-tools.js';

/** See `InspectVolumes.chainOf`: the snapshots of ancestors that the volume comes from, its own, and the volume. */
export async function readLayers(
  { connection, flattenStates }: RbdTools,
  volume: Volume,
): Promise<VolumeLayer[]> {
  return connection.use(`look at volume ${volume.id}`, async ({ pool }) => {
    const node = await readImage(pool, volumeImage(volume.id));
    if (node === undefined) throw noVolume(volume, pool);
    const ancestors = await ancestorsOf(pool, node);
    const flattening = (await flattenStates.read(pool)).get(node.name);
    return [...ancestors, ...ownLayers(node, ancestors.at(-1)?.name, flattening)];
  });
}

/** Oldest first. One in another pool or in the trash is where it ends. */
async function ancestorsOf(pool: RbdPool, { parent }: ImageNode): Promise<VolumeLayer[]> {
  const found: { readonly name: string; readonly sizeBytes: number }[] = [];
  for (let link = parent; link !== undefined;) {
    const node: ImageNode | undefined = isHere(pool, link) ? await readImage(pool, link.image) : undefined;
    const { snapshotId } = link;
    const sizeBytes = node?.snapshots.find(({ id }) => id === snapshotId)?.sizeBytes ?? link.overlapBytes;
    found.unshift({ name: nameOf(pool, link), sizeBytes });
    link = node?.parent;
  }
  return found.map((layer, index) => ({
    ...layer,
    ...parentField(found[index - 1]?.name),
    isVolume: false,
    snapshotIds: [],
  }));
}

function isHere({ name }: RbdPool, { pool, imageInTrash }: ParentImage): boolean {
  return pool === name && !imageInTrash;
}

function nameOf(
  { name }: RbdPool,
  { pool, image, imageInTrash, snapshot, snapshotNamespace, snapshotId }: ParentImage,
): string {
  const shown = snapshotNamespace === 'user' ? snapshot : `${snapshot} (removed, ${snapshotId})`;
  const place = pool === name ? image : `${pool}/${image}`;
  return nameOfSnapshot(imageInTrash ? `${place} (in the trash)` : place, shown);
}

function ownLayers(
  { name, sizeBytes, snapshots }: ImageNode,
  below: string | undefined,
  flattening: Flattening | undefined,
): VolumeLayer[] {
  const layers: VolumeLayer[] = [];
  for (const snapshot of snapshots) {
    const isOfUser = snapshot.namespace === 'user';
    const id = isOfUser ? snapshotIdOf(snapshot.name) : undefined;
    layers.push({
      name: nameOfSnapshot(
        name,
        isOfUser ? snapshot.name : `${snapshot.name} (${snapshot.namespace}, ${snapshot.id})`,
      ),
      ...parentField(layers.at(-1)?.name ?? below),
      sizeBytes: snapshot.sizeBytes,
      isVolume: false,
      snapshotIds: id === undefined ? [] : [id],
    });
  }
  const parent = parentField(layers.at(-1)?.name ?? below);
  const volume = { name, ...parent, sizeBytes, isOriginal: true, isVolume: true, snapshotIds: [] };
  return [...layers, { ...volume, ...(flattening === undefined ? {} : { flattening }) }];
}

function parentField(parent: string | undefined): Pick<VolumeLayer, 'parent'> {
  return parent === undefined ? {} : { parent };
}
