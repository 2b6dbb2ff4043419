import { MIB } from '@scoria/core';
import { copyAsImage, IMAGES_POOL } from '@scoria/driver-rbd/testing';
import { makeVolume, patternBytes } from '@scoria/testkit';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';
import { CephStorage } from './ceph-storage.js';
import { RbdBackend } from './rbd-backend.js';

const FORMATS = someOf([1, 2] as const, 0.5);
const SIZE = 8 * MIB;

describe.each(FORMATS)('an image of a pool that the user may only read, clone format %i', (cloneFormat) => {
  let ceph: CephCluster;
  let storage: CephStorage;
  let admin: RbdBackend;
  let backend: RbdBackend;

  beforeAll(async () => {
    ceph = await CephCluster.start({ cloneFormat, auth: 'cephx', pools: ['rbd', IMAGES_POOL] });
    const { confFile } = ceph;
    await ceph.addUser('cinder', {
      mon: 'profile rbd',
      osd: `profile rbd pool=rbd, profile rbd-read-only pool=${IMAGES_POOL}`,
      mgr: 'profile rbd pool=rbd',
    });
    await ceph.addUser('stranger', { mon: 'profile rbd', osd: 'profile rbd pool=rbd' });
    storage = await CephStorage.open(ceph);
    admin = await RbdBackend.start({ confFile });
    backend = await RbdBackend.start({ confFile, options: { rbd_user: 'cinder' } });
  });
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
    await admin[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    await ceph[Symbol.asyncDispose]();
  });

  it('is cloned, and the clone is a volume like any other', async () => {
    const made = await admin.createVolume(SIZE);
    const data = patternBytes(1, SIZE);
    await admin.write(made, 0, data);
    const snapshot = await admin.snapshot(made);
    const image = await copyAsImage(storage.cluster, 'rbd', snapshot);
    await admin.deleteSnapshot(snapshot);
    await admin.deleteVolume(made);

    const creating = makeVolume({ sizeBytes: 2 * SIZE });
    expect(await backend.driver.cloneImage(backend.context(), creating, image)).toBeDefined();
    const volume = { ...creating, status: 'available' as const };
    await using opened = await storage.pool.openImage(`volume-${volume.id}`, { readOnly: true });
    expect((await opened.parent())?.pool).toBe(IMAGES_POOL);
    await opened.close();
    expect((await backend.read(volume)).equals(Buffer.concat([data, Buffer.alloc(SIZE)]))).toBe(true);

    await backend.write(volume, 0, patternBytes(2, MIB));
    const own = await backend.snapshot(volume);
    const copy = await backend.clone(volume);
    const restored = await backend.volumeOf(own);
    for (const each of [copy, restored]) {
      const read = await backend.read(each);
      expect(read.subarray(0, MIB).equals(patternBytes(2, MIB))).toBe(true);
      expect(read.subarray(MIB, SIZE).equals(data.subarray(MIB))).toBe(true);
    }
    const layers = await backend.driver.chainOf(backend.context(), copy, []);
    expect(layers[0]?.name).toBe(`${IMAGES_POOL}/${image.id}@snap`);
    for (const each of [restored, copy]) await backend.deleteVolume(each);
    await backend.deleteSnapshot(own);
    await backend.deleteVolume(volume);
    expect([await storage.names(), await storage.journal()]).toEqual([[], []]);

    await using images = await storage.cluster.openPool(IMAGES_POOL);
    await using kept = await images.openImage(image.id);
    const [entry] = await kept.snapshots();
    expect(await kept.children(entry?.id ?? 0)).toEqual([]);
  });

  it('is left to be copied where it cannot be read, and leaves nothing', async () => {
    const made = await admin.createVolume(SIZE);
    const snapshot = await admin.snapshot(made);
    const image = await copyAsImage(storage.cluster, 'rbd', snapshot);
    await admin.deleteSnapshot(snapshot);
    await admin.deleteVolume(made);
    const options = { rbd_user: 'stranger' };
    await using stranger = await RbdBackend.start({ confFile: ceph.confFile, options });
    const creating = makeVolume({ sizeBytes: SIZE });
    expect(await stranger.driver.cloneImage(stranger.context(), creating, image)).toBeUndefined();
    expect([await storage.names(), await storage.journal()]).toEqual([[], []]);
  });
});
