import { DriverError } from '@scoria/core';
import type { AdoptableVolume, OperationContext, Snapshot, Volume } from '@scoria/core';
import { collect, makeSnapshot, makeVolume, openAndRead, openAndWrite } from '@scoria/testkit';
import { VOLUME_BYTES } from './hostile-images.js';
import type { HostileShare } from './hostile-share.js';

/** A volume that is to be used, and its snapshots, oldest first. */
export interface Scene {
  readonly share: HostileShare;
  readonly volume: Volume;
  readonly snapshots: readonly Snapshot[];
}

/** One way to make a driver look at a volume's files; what it gives out is looked through for the canary. */
export type Door = (scene: Scene, context: OperationContext) => Promise<unknown>;

/** Ways that lead through the whole chain of a volume: whatever is wrong anywhere in it is refused. */
export const VOLUME_DOORS: Readonly<Record<string, Door>> = {
  initializeConnection: ({ share, volume }, context) =>
    share.driver.initializeConnection(context, volume, { host: 'guest' }),
  'openDevice for reading': ({ share, volume }, context) => openAndRead(share.driver, context, volume),
  'openDevice for writing': ({ share, volume }, context) =>
    openAndWrite(share.driver, context, volume, 0, Buffer.alloc(512, 0x77)),
  createClonedVolume: ({ share, volume }, context) =>
    share.driver.createClonedVolume(context, makeVolume({ sizeBytes: VOLUME_BYTES }), volume),
  extendVolume: ({ share, volume }, context) => share.driver.extendVolume(context, volume, 2 * VOLUME_BYTES),
  deleteVolume: ({ share, volume }, context) => share.driver.deleteVolume(context, volume),
  findAdoptable: async (scene, context) => {
    const found = await findVolume(scene, context);
    if (found.problems.length === 0) return found;
    throw new DriverError({ code: 'damaged', message: found.problems.join() });
  },
  adopt: async (scene, context) => {
    const found = await findVolume(scene, context);
    return scene.share.driver.adopt(context, { ...found, problems: [] });
  },
};

async function findVolume({ share, volume }: Scene, context: OperationContext): Promise<AdoptableVolume> {
  const all = await collect(share.driver.findAdoptable(context));
  const found = all.find(({ id }) => id === volume.id);
  if (found === undefined) throw new Error(`volume ${volume.id} is not found`);
  return found;
}

/** The doors of a volume that has snapshots, besides. */
export const SNAPSHOT_DOORS: Readonly<Record<string, Door>> = {
  'deleteSnapshot, the newest': ({ share, snapshots }, context) =>
    share.driver.deleteSnapshot(context, snapshots.at(-1)!),
  'deleteSnapshot, the oldest': ({ share, snapshots }, context) =>
    share.driver.deleteSnapshot(context, snapshots[0]!),
  revertToSnapshot: ({ share, volume, snapshots }, context) =>
    share.driver.revertToSnapshot(context, volume, snapshots.at(-1)!),
  createVolumeFromSnapshot: ({ share, snapshots }, context) =>
    share.driver.createVolumeFromSnapshot(
      context,
      makeVolume({ sizeBytes: VOLUME_BYTES }),
      snapshots.at(-1)!,
    ),
  'openDevice of a snapshot': ({ share, snapshots }, context) =>
    openAndRead(share.driver, context, snapshots[0]!),
};

/** Looks at the active file only: what is below stays closed. */
export const createSnapshot: Door = ({ share, volume }, context) =>
  share.driver.createSnapshot(context, makeSnapshot(volume));
