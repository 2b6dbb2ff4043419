import type { ImageHead, SnapshotHead } from '../../model/head.js';
import type { CloneOptions, CreateImageOptions } from '../../model/pool.js';
import type { ClusterSettings } from '../cluster-settings.js';
import { ENOENT } from '../errno.js';
import { type ObjectReader, readObject } from './class-read.js';
import { encodedNumber, encodedText } from './encoding.js';
import { configuredFeatures, plainLayout } from './image-layout.js';
import type { PlainLayout } from './image-layout.js';
import { idOfImage, isImageOfFormat1 } from './image-names.js';
import { makeImage, makeImageIf } from './make-image.js';
import type { NewParent } from './make-image.js';
import { headerOf, NOT_BY_RECORDS, type PoolReaders, readHead } from './read-head.js';

const CONFIGURED = 'conf_';
const SOME = encodedNumber(64);
const MOST_METADATA = 1000;

/** A pool that images are made in. */
export interface MakerPool {
  readonly poolId: number;
  readonly settings: ClusterSettings;
}

/**
 * Makes images that have nothing out of the ordinary, in four round trips where librbd takes nine, and clones of format 2 in
 * ten where it takes forty. Everything else is left to librbd, and so is every refusal.
 */
export class ImageMaker {
  /** The last image had nothing out of the ordinary. */
  #isUsual = false;

  constructor(private readonly pool: MakerPool) {}

  /** @returns false where librbd has to do it @throws RbdError `exists` */
  async create(reader: ObjectReader, name: string, options: CreateImageOptions): Promise<boolean> {
    const layout = this.#layoutOf(options, reader);
    if (layout === undefined) return false;
    const image = { name, id: this.pool.settings.newImageId(), layout };
    const isToBeMade = isOrdinary(reader, name);
    // Where nothing is known of the pool yet, nothing is written into it before that is known.
    if (!this.#isUsual && !(await isToBeMade)) return false;
    this.#isUsual = await makeImageIf(isToBeMade, reader, image);
    return this.#isUsual;
  }

  /** As {@link create}. @param parentReader of the pool of the parent */
  async clone(
    [reader, parentReader]: readonly [child: ObjectReader, parent: ObjectReader],
    name: string,
    options: CloneOptions,
    { parentPoolId, pools }: { readonly parentPoolId: number; readonly pools: PoolReaders },
  ): Promise<boolean> {
    const { format = this.pool.settings.makesClonesOfFormat2() ? 2 : 1 } = options;
    if (format !== 2 || isStriped(options) || this.#hasDataPool()) return false;
    const [parent, isPlain] = await Promise.all([
      findParent(parentReader, options, pools),
      isOrdinary(reader, name),
    ]);
    if (parent === undefined || !isPlain) return false;
    const { head, snapshot, metadata } = parent;
    const layout = cloneLayout(head, snapshot, options, reader);
    if (layout === undefined) return false;
    const link: NewParent = {
      poolId: parentPoolId,
      head,
      snapshotId: snapshot.id,
      overlapBytes: snapshot.sizeBytes,
      metadata,
      reader: parentReader,
      childPoolId: this.pool.poolId,
    };
    await makeImage(reader, { name, id: this.pool.settings.newImageId(), layout, parent: link });
    return true;
  }

  #layoutOf(options: CreateImageOptions, { order: { subject } }: ObjectReader): PlainLayout | undefined {
    const { settings } = this.pool;
    const { sizeBytes, order = Number(settings.value('rbd_default_order')) } = options;
    const features = options.features ?? configuredFeatures(settings.value('rbd_default_features'));
    const isPlain =
      !isStriped(options) &&
      settings.value('rbd_default_format') === '2' &&
      settings.value('rbd_default_stripe_unit') === '0' &&
      !this.#hasDataPool();
    return isPlain ? plainLayout(sizeBytes, order, features, subject) : undefined;
  }

  /** What is configured of a data pool is for clones too; all else they have from their parent. */
  #hasDataPool(): boolean {
    return this.pool.settings.value('rbd_default_data_pool') !== '';
  }
}

function isStriped({ stripeUnitBytes, stripeCount }: CreateImageOptions | CloneOptions): boolean {
  return stripeUnitBytes !== undefined || stripeCount !== undefined;
}

/** The pool was used before and says nothing of how its images are to be, and the name is not one of the oldest format. */
async function isOrdinary(reader: ObjectReader, name: string): Promise<boolean> {
  const input = Buffer.concat([encodedText(CONFIGURED), SOME]);
  const [settings, isOld] = await Promise.all([
    readObject(reader, 'rbd_info', [{ method: 'metadata_list', input }]),
    isImageOfFormat1(reader, name),
  ]);
  if (typeof settings === 'number' || isOld) return false;
  const [answer] = settings;
  return answer?.readUInt32LE(0) === 0;
}

interface FoundParent {
  readonly head: ImageHead;
  readonly snapshot: SnapshotHead;
  readonly metadata: Buffer;
}

/** undefined where librbd has to look for it. */
async function findParent(
  reader: ObjectReader,
  { parentImage, parentId, parentSnapshot }: CloneOptions,
  pools: PoolReaders,
): Promise<FoundParent | undefined> {
  const id = parentId ?? (await idOfImage(reader, parentImage));
  if (id === undefined) return undefined;
  const [head, metadata] = await Promise.all([readHead(reader, id, pools), readMetadata(reader, id)]);
  if (head === undefined || head === NOT_BY_RECORDS || metadata === undefined) return undefined;
  const snapshot = head.snapshots.find(
    ({ name, namespace }) => namespace === 'user' && name === parentSnapshot,
  );
  // librbd makes nothing of what has no bytes.
  return snapshot && snapshot.sizeBytes > 0 ? { head, snapshot, metadata } : undefined;
}

/** undefined where there is more than fits. */
async function readMetadata(reader: ObjectReader, id: string): Promise<Buffer | undefined> {
  const input = Buffer.concat([encodedText(''), encodedNumber(MOST_METADATA)]);
  const answers = await readObject(reader, headerOf(id), [{ method: 'metadata_list', input }]);
  if (typeof answers === 'number') return answers === -ENOENT ? Buffer.alloc(4) : undefined;
  const [answer] = answers;
  return answer === undefined || answer.readUInt32LE(0) >= MOST_METADATA ? undefined : answer;
}

function cloneLayout(
  head: ImageHead,
  { sizeBytes }: SnapshotHead,
  { order = head.order, features = head.features }: CloneOptions,
  reader: ObjectReader,
): PlainLayout | undefined {
  const isPlain =
    order === head.order && head.stripeUnitBytes === 2 ** head.order && features.includes('layering');
  const layout = plainLayout(sizeBytes, order, features, reader.order.subject);
  return isPlain && plainLayout(0, order, head.features, reader.order.subject) ? layout : undefined;
}
