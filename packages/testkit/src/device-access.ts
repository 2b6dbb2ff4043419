import type {
  BlockDevice,
  DeviceMode,
  DeviceTarget,
  Extent,
  OperationContext,
  Snapshot,
  Volume,
  VolumeDriver,
} from '@scoria/core';

/** What opens devices: a driver, guarded or not. */
export type DeviceOpener = Pick<VolumeDriver, 'openDevice'>;

/** A volume or snapshot as `openDevice` wants it named. */
export function targetOf(object: Volume | Snapshot): DeviceTarget {
  return 'volume' in object ? { kind: 'snapshot', snapshot: object } : { kind: 'volume', volume: object };
}

/** Opens a device for the time of `use`. */
export async function withDevice<T>(
  driver: DeviceOpener,
  context: OperationContext,
  object: Volume | Snapshot,
  mode: DeviceMode,
  use: (device: BlockDevice) => Promise<T>,
): Promise<T> {
  const device = await driver.openDevice(context, targetOf(object), mode);
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}

/** A range of a volume or snapshot; all of it unless told. */
export async function openAndRead(
  driver: DeviceOpener,
  context: OperationContext,
  object: Volume | Snapshot,
  range?: Extent,
): Promise<Buffer> {
  return withDevice(driver, context, object, 'read-only', (device) =>
    device.read(range?.offset ?? 0, range?.length ?? device.sizeBytes),
  );
}

/** Writes and flushes. */
export async function openAndWrite(
  driver: DeviceOpener,
  context: OperationContext,
  volume: Volume,
  offset: number,
  data: Uint8Array,
): Promise<void> {
  await withDevice(driver, context, volume, 'read-write', async (device) => {
    await device.write(offset, data);
    await device.flush();
  });
}

/** All that an iterable yields, extents for one. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
