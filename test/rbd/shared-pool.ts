import type { Snapshot, Volume } from '@scoria/core';
import { applyUpdate, GIB, KIB, MIB } from '@scoria/core';
import { collect, makeSnapshot, makeVolume } from '@scoria/testkit';
import { createHash, randomUUID } from 'node:crypto';
import { CinderPool } from '../interop/cinder-pool.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { RbdBackend } from './rbd-backend.js';

/** Where is written and read: the start, across two objects, and the end of the first GiB. */
const RANGES: readonly (readonly [offset: number, length: number])[] = [
  [0, 64 * KIB],
  [8 * MIB - 32 * KIB, 64 * KIB],
  [GIB - 64 * KIB, 64 * KIB],
];

/** What a volume or snapshot holds: one byte for each range. */
export type Bytes = readonly [number, number, number];

export const EMPTY: Bytes = [0, 0, 0];

/** One pool that Cinder's driver and ours take turns with. */
export class SharedPool implements AsyncDisposable {
  private constructor(
    readonly cluster: CephCluster,
    readonly ours: RbdBackend,
    readonly cinder: CinderPool,
  ) {}

  static async start(cloneFormat: 1 | 2): Promise<SharedPool> {
    const cluster = await CephCluster.start({ cloneFormat });
    const { confFile } = cluster;
    const [ours, cinder] = await Promise.all([
      RbdBackend.start({ confFile, options: { rbd_max_clone_depth: 5 } }),
      CinderPool.start({ confFile, pool: 'rbd' }),
    ]);
    return new SharedPool(cluster, ours, cinder);
  }

  /** Cinder's part: a volume of 1 GiB with these bytes. */
  async cinderWrites(id: string, bytes: Bytes): Promise<void> {
    for (const [index, [offset, length]] of RANGES.entries()) {
      await this.cinder.call('write', { id, offset, length, byte: bytes[index] });
    }
  }

  async weWrite(volume: Volume, bytes: Bytes): Promise<void> {
    for (const [index, [offset, length]] of RANGES.entries()) {
      await this.ours.write(volume, offset, Buffer.alloc(length, bytes[index]));
    }
  }

  /** Takes over a volume that Cinder has made, as an operator would. */
  async adopt(id: string): Promise<{ volume: Volume; snapshots: Snapshot[] }> {
    const { driver } = this.ours;
    const found = (await collect(driver.findAdoptable(this.ours.context()))).find((each) => each.id === id);
    if (found === undefined) throw new Error(`volume ${id} is not in the pool`);
    const { sizeBytes, providerLocation, providerMetadata } = found;
    const made = makeVolume({ id, sizeBytes, providerLocation, providerMetadata });
    const update = await driver.adopt(this.ours.context(), found);
    const volume: Volume = { ...applyUpdate(made, update), status: 'available' };
    return { volume, snapshots: found.snapshots.map((each) => makeSnapshot(volume, each)) };
  }

  /** What Cinder reads there. */
  async cinderReads(what: { id: string } | { snapshot_id: string }): Promise<Bytes> {
    const digests = (await this.cinder.call('digests', { ...what, ranges: RANGES })) as string[];
    return digests.map(byteOf) as unknown as Bytes;
  }

  async weRead(object: Volume | Snapshot): Promise<Bytes> {
    const target =
      'volume' in object
        ? ({ kind: 'snapshot', snapshot: object } as const)
        : ({ kind: 'volume', volume: object } as const);
    const device = await this.ours.driver.openDevice(this.ours.context(), target, 'read-only');
    try {
      const read = await Promise.all(RANGES.map(async ([offset, length]) => device.read(offset, length)));
      return read.map((data) => byteOf(digestOf(data))) as unknown as Bytes;
    } finally {
      await device.close();
    }
  }

  /** Every image, snapshot and trash entry there is, by name. */
  async contents(): Promise<{ images: string[]; snapshots: string[]; trash: string[] }> {
    const list = async (...args: string[]): Promise<{ name: string }[]> =>
      JSON.parse(await this.cluster.tool('rbd', ...args, '--format', 'json')) as { name: string }[];
    const images = JSON.parse(await this.cluster.tool('rbd', 'ls', 'rbd', '--format', 'json')) as string[];
    const snapshots = await Promise.all(
      images.map(async (image) =>
        (await list('snap', 'ls', '--all', `rbd/${image}`)).map(({ name }) => `${image}@${name}`),
      ),
    );
    const trash = (await list('trash', 'ls', '--all', 'rbd')).map(({ name }) => name);
    return { images: images.sort(), snapshots: snapshots.flat().sort(), trash: trash.sort() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cinder[Symbol.asyncDispose]();
    await this.ours[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
  }
}

const BYTE_OF = new Map(
  Array.from({ length: 256 }, (_none, byte) => [digestOf(Buffer.alloc(64 * KIB, byte)), byte]),
);

function digestOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function byteOf(digest: string): number {
  return BYTE_OF.get(digest) ?? Number.NaN;
}

/** A new id of a volume or snapshot. */
export const newId = (): string => randomUUID();
