import type { BlockDevice, DeviceMode, DeviceTarget, GuardedDriver, OperationContext } from '@scoria/core';

/** Data on a backend: what is opened, and by which driver. */
export interface DataPlace {
  readonly driver: GuardedDriver;
  readonly target: DeviceTarget;
}

/** Opens a device for as long as `use` runs. An error of the close comes out where `use` had none. */
export async function withDevice<T>(
  context: OperationContext,
  { driver, target }: DataPlace,
  mode: DeviceMode,
  use: (device: BlockDevice) => Promise<T>,
): Promise<T> {
  const device = await driver.openDevice(context, target, mode);
  let result: T;
  try {
    result = await use(device);
  } catch (error) {
    await device.close().catch((closing: unknown) => {
      context.logger.warn('a device could not be closed after a failure', { error: String(closing) });
    });
    throw error;
  }
  await device.close();
  return result;
}
