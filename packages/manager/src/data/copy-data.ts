import type { BlockDevice, OperationContext } from '@scoria/core';
import { DriverError } from '@scoria/core';
import { copyDevice } from '@scoria/disk-image';
import { firstDifference } from './compare-devices.js';
import type { DataPlace } from './open-devices.js';
import { withDevice } from './open-devices.js';

/** Copies the data of one place to a volume that was just made and reads as zeroes. */
export async function copyToEmpty(context: OperationContext, from: DataPlace, to: DataPlace): Promise<void> {
  await context.step('copy the data');
  await withDevice(context, from, 'read-only', (source) =>
    withDevice(context, to, 'read-write', (target) =>
      copyDevice(source, target, context, { skipZeroes: true }),
    ),
  );
}

/**
 * Puts a volume's data back to what `from` has; what the volume has beyond it reads as zeroes then.
 * Doing it again does no harm.
 */
export async function copyBack(context: OperationContext, from: DataPlace, to: DataPlace): Promise<void> {
  await context.step('copy the data back');
  await withDevice(context, from, 'read-only', (source) =>
    withDevice(context, to, 'read-write', async (target) => {
      await copyDevice(source, target, context);
      await zeroBeyond(target, source.sizeBytes);
    }),
  );
}

async function zeroBeyond(target: BlockDevice, offset: number): Promise<void> {
  if (target.sizeBytes <= offset) return;
  await target.zero(offset, target.sizeBytes - offset);
  await target.flush();
}

/**
 * Reads both places anew and compares them byte by byte, leaving out what both know to be zeroes.
 * @throws DriverError `damaged` where they differ
 */
export async function verifySame(context: OperationContext, one: DataPlace, other: DataPlace): Promise<void> {
  await context.step('compare the data');
  await withDevice(context, one, 'read-only', (original) =>
    withDevice(context, other, 'read-only', async (copy) => {
      const offset = await firstDifference(context, original, copy);
      if (offset !== undefined) throw differs(offset);
    }),
  );
}

function differs(offset: number): DriverError {
  return new DriverError({
    code: 'damaged',
    message: `the copy differs from what was copied, at byte ${offset} or soon after; it was not used`,
    details: { offset },
  });
}
