import { messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import type { RbdImage } from '@scoria/librbd';
import type { StepHelpers } from '../execute/step-helpers.js';
import type { ImageWishes } from './image-wishes.js';
import type { ImageShape, ShapeChange } from './plan-shape.js';
import { describeShapeChange, inverseOf, planShape } from './plan-shape.js';

export async function shapeOf(image: RbdImage): Promise<ImageShape> {
  const [{ features }, metadata] = await Promise.all([image.info(), image.metadata()]);
  return { features, metadata };
}

/** Makes an image that nobody uses yet what is wished. Where that fails, whoever made the image removes it. */
export async function shapeNewImage(image: RbdImage, wishes: ImageWishes): Promise<void> {
  for (const change of planShape(image.name, await shapeOf(image), wishes)) await carryOut(image, change);
}

/**
 * Makes the changes one after the other, each again while a client that has crashed counts as one that has the image.
 * Where one fails, or the operation is cancelled, all are taken back.
 */
export async function changeShape(
  context: OperationContext,
  { whileWatched }: Pick<StepHelpers, 'whileWatched'>,
  image: RbdImage,
  before: ImageShape,
  changes: readonly ShapeChange[],
): Promise<void> {
  const done: ShapeChange[] = [];
  try {
    for (const change of changes) {
      await context.step(describeShapeChange(image.name, change));
      // What a call that fails has done all the same is taken back too.
      done.unshift(inverseOf(change, before));
      await whileWatched(context, async () => carryOut(image, change));
    }
  } catch (error) {
    for (const change of done) await takeBack(context, image, change);
    throw error;
  }
}

async function takeBack(context: OperationContext, image: RbdImage, change: ShapeChange): Promise<void> {
  try {
    const { features } = await image.info();
    await carryOut(image, stillToDo(change, features));
  } catch (error) {
    context.logger.warn(
      `a change that failed could not be taken back (${describeShapeChange(image.name, change)}): ${messageOf(error)}`,
    );
  }
}

/** What is switched already is not switched again: Ceph refuses that. */
function stillToDo(change: ShapeChange, present: readonly string[]): ShapeChange {
  if (change.kind !== 'switch-features') return change;
  return {
    ...change,
    features: change.features.filter((name) => present.includes(name) !== change.enabled),
  };
}

async function carryOut(image: RbdImage, change: ShapeChange): Promise<void> {
  switch (change.kind) {
    case 'set-metadata':
      return image.setMetadata(change.key, change.value);
    case 'remove-metadata':
      return image.removeMetadata(change.key);
    case 'switch-features':
      if (change.features.length > 0) await image.updateFeatures(change.features, change.enabled);
  }
}
