import { DriverError, messageOf, SECTOR_BYTES } from '@scoria/core';
import type { ManageableEntry, ManageReference, ModelUpdate, OperationContext, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { RbdTools } from '../driver/rbd-tools.js';
import { imageClaim, treeClaim } from '../driver/volume-locks.js';
import { runPlan } from '../execute/plan-executor.js';
import { isDeletedImage, volumeImage } from '../names.js';
import type { Step } from '../plan/plan.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';

/** Takes single images of the pool over as volumes. */
@injectable()
export class ManageImages {
  constructor(@inject(RbdTools) private readonly tools: RbdTools) {}

  /** See `ManageVolumes.listManageable`. */
  async *list(context: OperationContext, known: readonly Volume[]): AsyncIterable<ManageableEntry> {
    const knownImages = new Set(known.map(({ id }) => volumeImage(id)));
    const names = await this.tools.connection.use('list images', async ({ pool }) => pool.images());
    for (const { name } of names) {
      if (knownImages.has(name)) continue;
      context.signal.throwIfAborted();
      yield await this.#describe(name);
    }
  }

  /** See `ManageVolumes.manageExistingSize`. */
  async size(reference: ManageReference): Promise<number> {
    const image = this.#imageIn(reference);
    return this.tools.connection.use(`look at ${image}`, async ({ pool }) => {
      refuseDeleted(image);
      return wholeSectors((await requireImage(pool, image)).sizeBytes);
    });
  }

  /** See `ManageVolumes.manageExisting`. The renaming comes last: until then nothing has happened that matters. */
  async manage(context: OperationContext, volume: Volume, reference: ManageReference): Promise<ModelUpdate> {
    const from = this.#imageIn(reference);
    const to = volumeImage(volume.id);
    refuseDeleted(from);
    const { locks, connection, helpers } = this.tools;
    await using _lock = await locks.hold(context, [imageClaim(from), treeClaim(from), imageClaim(to)]);
    return await connection.use(`manage ${from} as volume ${volume.id}`, async ({ pool }) => {
      const [found, taken] = [await readImage(pool, from), await readImage(pool, to)];
      // A renaming that was cut off leaves both names to one image.
      if (found !== undefined && taken !== undefined && found.id !== taken.id) throw isTaken(to, pool);
      // Gone, but the volume is there: this was done before.
      const node = found ?? taken ?? (await requireImage(pool, from));
      const sizeBytes = Math.max(volume.sizeBytes, wholeSectors(node.sizeBytes));
      await runPlan(
        context,
        pool,
        { operation: `manage ${from}`, steps: stepsFor(node, to, sizeBytes) },
        helpers,
      );
      return { sizeBytes };
    });
  }

  async #describe(name: string): Promise<ManageableEntry> {
    const { rbd_pool: pool } = this.tools.options;
    const reference = { 'source-name': `${pool}/${name}` };
    try {
      return await this.tools.connection.use(`look at ${name}`, async (connected) => {
        const image = await connected.pool.openImage(name, { readOnly: true });
        await using _open = image;
        const [{ sizeBytes }, watchers] = await Promise.all([image.info(), image.watchers()]);
        const reason = reasonAgainst(name, watchers.length);
        return { reference, sizeBytes: wholeSectors(sizeBytes), safeToManage: reason === '', reason };
      });
    } catch (error) {
      return { reference, safeToManage: false, reason: messageOf(error) };
    }
  }

  #imageIn(reference: ManageReference): string {
    const name = reference['source-name'] ?? '';
    const prefix = `${this.tools.options.rbd_pool}/`;
    const image = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (isPlainName(image)) return image;
    throw new DriverError({
      code: 'invalid-input',
      message:
        `the reference must be { 'source-name': '<image>' } or '${prefix}<image>', with the name of an image of the ` +
        `pool: found ${JSON.stringify(name)}`,
    });
  }
}

/** A name that other tools can say too: '/' and '@' part pools, images and snapshots, and NUL ends a name. */
function isPlainName(image: string): boolean {
  return image !== '' && !/[/@]/.test(image) && !image.includes('\0');
}

function reasonAgainst(name: string, watchers: number): string {
  if (!isPlainName(name)) return `its name has / or @ in it; rename it first`;
  if (isDeletedImage(name)) return 'it is a deleted volume that is kept for its clones';
  return watchers > 0 ? `it is in use: ${watchers} client(s) watch it` : '';
}

function refuseDeleted(image: string): void {
  if (!isDeletedImage(image)) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `${image} is a deleted volume that is kept for its clones, and cannot be taken over`,
  });
}

function stepsFor({ name, sizeBytes }: ImageNode, to: string, wanted: number): Step[] {
  const grow: Step[] = wanted > sizeBytes ? [{ kind: 'resize', image: name, sizeBytes: wanted }] : [];
  return name === to ? grow : [...grow, { kind: 'rename', image: name, to }];
}

async function requireImage(pool: RbdPool, image: string): Promise<ImageNode> {
  const node = await readImage(pool, image);
  if (node !== undefined) return node;
  throw new DriverError({
    code: 'volume-not-found',
    message: `the pool ${pool.name} has no image ${image}`,
    details: { image },
  });
}

function isTaken(image: string, pool: RbdPool): DriverError {
  return new DriverError({
    code: 'already-exists',
    message: `the pool ${pool.name} has an image ${image} already; nothing was renamed`,
    details: { image },
  });
}

/** Sizes are rounded up to what a guest can use. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
