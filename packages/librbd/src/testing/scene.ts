import assert from 'node:assert/strict';
import { isRbdError, type RbdErrorCode } from '../errors.js';
import type { RbdCluster } from '../model/client.js';
import type { DiffExtent, DiffOptions, RbdImage, SnapshotEntry } from '../model/image.js';
import type { CloneFormat, RbdPool } from '../model/pool.js';

export const MIB = 2 ** 20;
/** Of the images of the cases: two objects. */
export const SIZE = 8 * MIB;
const ZEROES = Buffer.alloc(MIB);

/** A cluster that the cases run on, with two pools that nobody else uses. */
export interface RbdHarness {
  readonly pools: readonly [name: string, other: string];
  /** Connects as another process would. */
  connect(): Promise<RbdCluster>;
}

/** One thing that every client of Ceph's images must do. Knows no test runner. */
export interface RbdCase {
  readonly name: string;
  /** Rejects with what is wrong. */
  readonly run: (scene: Scene) => Promise<void>;
}

/** What a case works on: two connections to pools that are empty at its start. */
export class Scene implements AsyncDisposable {
  private constructor(
    readonly cluster: RbdCluster,
    readonly pool: RbdPool,
    readonly otherPool: RbdPool,
    /** The same pool, through another client. */
    readonly elsewhere: RbdPool,
    private readonly stranger: RbdCluster,
  ) {}

  static async open(harness: RbdHarness): Promise<Scene> {
    const [name, other] = harness.pools;
    const [cluster, stranger] = await Promise.all([harness.connect(), harness.connect()]);
    const [pool, otherPool, elsewhere] = await Promise.all([
      cluster.openPool(name),
      cluster.openPool(other),
      stranger.openPool(name),
    ]);
    return new Scene(cluster, pool, otherPool, elsewhere, stranger);
  }

  /** Makes an image, and opens it. */
  async image(name = 'image', sizeBytes = SIZE): Promise<RbdImage> {
    await this.pool.createImage(name, { sizeBytes });
    return this.pool.openImage(name);
  }

  /** Makes `name` a clone of a snapshot that is made for it, and opens it. */
  async clone(parent: RbdImage, name: string, format: CloneFormat, snapshot = 'snap'): Promise<RbdImage> {
    await parent.createSnapshot(snapshot);
    if (format === 1) await parent.protectSnapshot(snapshot);
    await this.pool.cloneImage(name, { parentImage: parent.name, parentSnapshot: snapshot, format });
    return this.pool.openImage(name);
  }

  async imageNames(): Promise<string[]> {
    return (await this.pool.images()).map(({ name }) => name);
  }

  async trashedId(name: string): Promise<string> {
    const entry = (await this.pool.trash()).find((trashed) => trashed.name === name);
    assert.ok(entry, `${name} is in the trash`);
    return entry.id;
  }

  /** Closes whatever a case has left open. */
  async leave(): Promise<void> {
    await Promise.all([this.pool.close(), this.otherPool.close(), this.stranger.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.cluster.close(), this.stranger.close()]);
  }
}

export async function snapshotNamed(image: RbdImage, name: string): Promise<SnapshotEntry> {
  const found = (await image.snapshots()).find((snapshot) => snapshot.name === name);
  assert.ok(found, `there is a snapshot ${name}`);
  return found;
}

export async function childrenOf(image: RbdImage, snapshotId: number): Promise<string[]> {
  return Array.from(await image.children(snapshotId), ({ image: name }) => name).sort();
}

export async function diffOf(image: RbdImage, options?: DiffOptions): Promise<DiffExtent[]> {
  const extents: DiffExtent[] = [];
  for await (const extent of image.diff(options)) extents.push(extent);
  return extents;
}

/** All bytes of an image but zeroes, as text. */
export async function contentOf(image: RbdImage): Promise<string> {
  const { sizeBytes } = await image.info();
  let text = '';
  for (let offset = 0; offset < sizeBytes; offset += MIB) {
    const bytes = await image.read(offset, Math.min(MIB, sizeBytes - offset));
    if (!bytes.equals(ZEROES.subarray(0, bytes.length)))
      text += bytes.toString('latin1').replaceAll('\0', '');
  }
  return text;
}

/** Checks that it ends with an error of this code. */
export async function refused(code: RbdErrorCode, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (isRbdError(error, code)) return;
    throw error;
  }
  assert.fail(`it was done, and should have ended with '${code}'`);
}

/** Equal to the last field; lists may come from another realm. */
export function same(actual: unknown, expected: unknown): void {
  const plain = Array.isArray(actual) ? Array.from(actual as unknown[]) : actual;
  assert.deepEqual(plain, expected);
}
