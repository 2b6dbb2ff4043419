import type { ImageSource, Snapshot, VolumeType } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import type { RbdCluster } from '@scoria/librbd';
import { randomUUID } from 'node:crypto';
import { snapshotName, volumeImage } from '../names.js';

/** Types that the driver makes something of. */
export const TYPES: readonly VolumeType[] = [
  {
    name: 'limited',
    extraSpecs: { 'rbd:rbd_qos_schedule_tick_min': '50' },
    qosSpecs: { consumer: 'back-end', total_iops_sec: '500000', write_bytes_sec: String(GIB) },
  },
  {
    name: 'bare',
    extraSpecs: { 'rbd:features': 'layering' },
    qosSpecs: { rbd_qos_read_iops_limit: '400000' },
  },
  { name: 'shared', extraSpecs: { multiattach: '<is> True' }, qosSpecs: {} },
];

/** The pool of the images of an image service. */
export const IMAGES_POOL = 'images';

/** Copies a snapshot of a volume to what an image service keeps: an image with a protected snapshot, in a pool of its own. */
export async function copyAsImage(
  cluster: RbdCluster,
  volumesPool: string,
  { id, volume, sizeBytes }: Snapshot,
): Promise<ImageSource> {
  const name = randomUUID();
  await using from = await cluster.openPool(volumesPool);
  await using to = await cluster.openPool(IMAGES_POOL);
  await using source = await from.openImage(volumeImage(volume.id), { snapshot: snapshotName(id) });
  await to.createImage(name, { sizeBytes, order: Math.log2(4 * MIB) });
  await using image = await to.openImage(name);
  await image.write(0, await source.read(0, sizeBytes));
  await image.flush();
  await image.createSnapshot('snap');
  await image.protectSnapshot('snap');
  const location = `rbd://${cluster.fsid}/${IMAGES_POOL}/${name}/snap`;
  return { id: name, diskFormat: 'raw', sizeBytes, locations: [`file:///var/lib/images/${name}`, location] };
}
