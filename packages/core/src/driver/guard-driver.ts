import type { BlockDevice } from '../block-device.js';
import type { OperationContext } from '../context.js';
import { throwIfCancelled } from '../context.js';
import { DriverError } from '../errors.js';
import type { BackupPoint } from '../models/backup-point.js';
import type { DeviceTarget, Volume } from '../models/volume.js';
import type { Capability, OptionalMethods } from './capabilities.js';
import { CAPABILITIES } from './capabilities.js';
import { GuardedDevice } from './guarded-device.js';
import { METHOD_CHECKS } from './method-rules.js';
import { toDriverError } from './to-driver-error.js';
import type { VolumeDriver } from './volume-driver.js';

/** A driver as its callers see it: every optional method is there; one that is not declared raises `not-supported`. */
export type GuardedDriver = VolumeDriver & OptionalMethods;

type Method = (...args: unknown[]) => unknown;

const CAPABILITY_OF: ReadonlyMap<string, Capability> = new Map(
  (Object.keys(CAPABILITIES) as Capability[]).flatMap((capability) =>
    CAPABILITIES[capability].map((method): [string, Capability] => [method, capability]),
  ),
);

const LIFECYCLE = ['setup', 'checkForSetupError', 'recover', 'stats', 'teardown'] as const;
const STREAMS: ReadonlySet<string> = new Set(['listManageable', 'listManageableSnapshots', 'findAdoptable']);
const CONTRACT: ReadonlySet<string> = new Set([
  ...LIFECYCLE,
  ...Object.keys(METHOD_CHECKS),
  ...CAPABILITY_OF.keys(),
]);

/**
 * `driver` behind the checks that are the same for every driver (`METHOD_CHECKS`): ids, sizes, states. What does
 * not pass is a clear error before the driver is called, so no driver has to repeat them; the devices it opens are
 * checked likewise. Errors always come as rejections, or from the iterator of the methods that list; no method of the
 * contract throws when it is called. A `LockError` or `CommandError` comes out as the `DriverError` it amounts to.
 */
export function guardDriver(
  driver: VolumeDriver,
  name: string,
  capabilities: readonly Capability[],
): GuardedDriver {
  const guarded = new Map<string, Method>();
  const before = (method: string, args: unknown[]): void => {
    const needed = CAPABILITY_OF.get(method);
    if (needed !== undefined && !capabilities.includes(needed)) throw notSupported(name, method, needed);
    // The end of a driver is never cancelled.
    if (method !== 'teardown') throwIfCancelled(args[0] as OperationContext);
    METHOD_CHECKS[method]?.(args.slice(1), capabilities);
  };
  const guardMethod = (method: string): Method => {
    const call = (args: unknown[]): unknown => {
      before(method, args);
      return (Reflect.get(driver, method) as Method).apply(driver, args);
    };
    if (STREAMS.has(method)) return (...args) => stream(() => call(args) as AsyncIterable<unknown>);
    return async (...args) => {
      const result = await translated(() => call(args));
      const opened = OPENED[method];
      return opened === undefined ? result : new GuardedDevice(result as BlockDevice, opened(args));
    };
  };
  return new Proxy(driver, {
    get(target, property) {
      if (typeof property !== 'string' || !CONTRACT.has(property)) {
        return Reflect.get(target, property, target) as unknown;
      }
      const method = guarded.get(property) ?? guardMethod(property);
      guarded.set(property, method);
      return method;
    },
  }) as GuardedDriver;
}

/** Errors of the ports become what they mean in the contract. */
async function translated(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    throw toDriverError(error);
  }
}

/** What the methods open that give a device, for messages. */
const OPENED: Readonly<Record<string, (args: readonly unknown[]) => string>> = {
  openDevice: ([, opened]) => {
    const target = opened as DeviceTarget;
    return target.kind === 'volume' ? `volume ${target.volume.id}` : `snapshot ${target.snapshot.id}`;
  },
  openBackup: ([, volume, backup]) =>
    `backup ${(backup as BackupPoint).id} of volume ${(volume as Volume).id}`,
};

async function* stream(open: () => AsyncIterable<unknown>): AsyncGenerator {
  yield* open();
}

function notSupported(driver: string, method: string, capability: Capability): DriverError {
  return new DriverError({
    code: 'not-supported',
    message: `the driver ${driver} cannot do ${method}: it has not the capability '${capability}'`,
    details: { driver, method, capability },
  });
}
