import type { OperationContext } from '@scoria/core';
import { isRbdError, RbdError } from '@scoria/librbd';
import type { LongCall, RbdErrorCode, RbdPool } from '@scoria/librbd';
import type { Step } from '../plan/plan.js';
import { openIfThere } from '../tree/read-image.js';
import { shapeNewImage } from '../types/shape-image.js';
import { copyBack } from './copy-back.js';
import type { OpenImages } from './open-images.js';
import type { StepHelpers } from './step-helpers.js';
import { removeByTrash } from './remove-by-trash.js';

/** 64 GiB in objects of the usual size: removed in far less time than a removal may be silent. */
const FEW_OBJECTS = 16_384;

export type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

type Runner<Kind extends Step['kind']> = (step: StepOf<Kind>, context: OperationContext) => Promise<void>;

/** Does single steps. One that is done already is fine, except where it makes something. */
export class StepRunner {
  constructor(
    private readonly pool: RbdPool,
    private readonly images: OpenImages,
    private readonly helpers: StepHelpers,
  ) {}

  async run(step: Step, context: OperationContext): Promise<void> {
    const run = this.#runners[step.kind] as Runner<Step['kind']>;
    await run(step, context);
  }

  readonly #runners: { readonly [Kind in Step['kind']]: Runner<Kind> } = {
    'create-image': async ({ image, sizeBytes, order, features }) =>
      this.pool.createImage(image, {
        sizeBytes,
        order,
        ...(features === undefined ? {} : { features }),
      }),
    'shape-image': async ({ image, wishes }) => shapeNewImage(await this.images.get(image), wishes),
    'clone-image': async ({ image, parentPool, parent, parentId, snapshot, order, features }) => {
      await this.pool.cloneImage(image, {
        parentPool,
        parentImage: parent,
        parentSnapshot: snapshot,
        order,
        ...(parentId === undefined ? {} : { parentId }),
        ...(features === undefined ? {} : { features }),
      });
    },
    'take-snapshot': async ({ image, snapshot }) => {
      await this.images.close(image);
      await this.pool.createSnapshot(image, snapshot);
    },
    'protect-snapshot': async ({ image, snapshot }) => {
      await this.images.close(image);
      await unless(['busy'], async () => this.pool.protectSnapshot(image, snapshot));
    },
    'unprotect-snapshot': async ({ image, snapshot }) =>
      unless(['invalid', 'not-found'], async () =>
        (await this.images.get(image)).unprotectSnapshot(snapshot),
      ),
    'rename-snapshot': async ({ image, snapshot, to }) =>
      (await this.images.get(image)).renameSnapshot(snapshot, to),
    'remove-snapshot': async ({ image, snapshot }) =>
      unless(['not-found'], async () => (await this.images.get(image)).removeSnapshot(snapshot)),
    'remove-trashed-snapshot': async ({ image, snapshotId }) =>
      unless(['not-found'], async () => (await this.images.get(image)).removeSnapshotById(snapshotId)),
    resize: async ({ image, sizeBytes }) => {
      await this.images.close(image);
      await this.pool.growImage(image, sizeBytes);
    },
    flatten: async ({ image }, context) =>
      unless(['invalid', 'not-found'], async () => (await this.images.get(image)).flatten(longCall(context))),
    'queue-flatten': async ({ image }) => this.helpers.queueFlatten(this.pool, image),
    'roll-back': async ({ image, snapshot }, context) => {
      const open = await this.images.get(image);
      await this.helpers.whileWatched(context, async () => open.rollback(snapshot, longCall(context)));
    },
    'copy-back': async ({ image, snapshot }, context) =>
      copyBack(this.pool, await this.images.get(image), { name: image, snapshot }, context),
    rename: async ({ image, to }) => {
      await this.images.close(image);
      await unless(['not-found'], async () => this.pool.renameImage(image, to));
    },
    'remove-image': async ({ image, id, objects, parent }, context) => {
      await this.images.close(image);
      const known = id === undefined ? undefined : { image, id, ...(parent === undefined ? {} : { parent }) };
      const call = removalCall(objects, context);
      if (known !== undefined && (await removeByTrash(this.pool, known, this.helpers, call))) return;
      await this.helpers.whileWatched(context, async () =>
        unless(['not-found'], async () => this.pool.removeImage(image, call)),
      );
    },
    'move-to-trash': async (step, context) => {
      const { image, delaySeconds } = step;
      await this.images.close(image);
      // Ceph would move it all the same, and whoever has it open would lose it later.
      await this.helpers.whileWatched(context, async () => requireUnwatched(this.pool, image));
      await this.helpers.claimTrash(this.pool, step);
      await this.helpers.whileWatched(context, async () =>
        unless(['not-found'], async () => this.pool.moveToTrash(image, delaySeconds)),
      );
    },
  };
}

/** @throws RbdError `busy` naming who has it open */
async function requireUnwatched(pool: RbdPool, image: string): Promise<void> {
  const open = await openIfThere(pool, image);
  if (open === undefined) return;
  try {
    const addresses = (await open.watchers()).map(({ address }) => address);
    if (addresses.length === 0) return;
    throw new RbdError({
      code: 'busy',
      message: `${image} is open at ${addresses.join(', ')}`,
      details: { operation: 'moveToTrash', object: `image ${pool.name}/${image}` },
    });
  } finally {
    await open.close();
  }
}

/** Does something for which some errors mean that it is done already. */
async function unless(fine: readonly RbdErrorCode[], body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!isRbdError(error, ...fine)) throw error;
  }
}

export function progressOf(context: OperationContext): NonNullable<LongCall['onProgress']> {
  return (done, total) => {
    context.progress({ done, total });
  };
}

/**
 * Where the cluster does not answer, a removal is given up. One of few objects by its time alone: being told of each
 * takes longer than removing it.
 */
function removalCall(objects: number | undefined, context: OperationContext): LongCall {
  return objects !== undefined && objects <= FEW_OBJECTS
    ? { isBrief: true }
    : { onProgress: progressOf(context) };
}

function longCall(context: OperationContext): LongCall {
  return { onProgress: progressOf(context), signal: context.signal };
}
