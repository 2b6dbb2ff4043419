import type { OperationContext } from '../context.js';
import { throwIfCancelled } from '../context.js';
import { DriverError } from '../errors.js';
import type { Capability, OptionalMethods } from './capabilities.js';
import { CAPABILITIES } from './capabilities.js';
import { METHOD_CHECKS } from './method-rules.js';
import type { VolumeDriver } from './volume-driver.js';

/** A driver as its callers see it: every optional method is there; one that is not declared raises `not-supported`. */
export type GuardedDriver = VolumeDriver & OptionalMethods;

type Method = (...args: unknown[]) => unknown;

const CAPABILITY_OF: ReadonlyMap<string, Capability> = new Map(
  (Object.keys(CAPABILITIES) as Capability[]).flatMap((capability) =>
    CAPABILITIES[capability].map((method): [string, Capability] => [method, capability]),
  ),
);

/**
 * `driver` behind the checks that are the same for every driver (`METHOD_CHECKS`): ids, sizes, states. What does
 * not pass is a clear error before the driver is called, so no driver has to repeat them.
 */
export function guardDriver(
  driver: VolumeDriver,
  name: string,
  capabilities: readonly Capability[],
): GuardedDriver {
  const guarded = new Map<string, Method>();
  const guardMethod = (method: string, call: Method): Method => {
    const check = METHOD_CHECKS[method];
    if (check === undefined) return call.bind(driver);
    return async (...args) => {
      throwIfCancelled(args[0] as OperationContext);
      check(args.slice(1), capabilities);
      return await call.apply(driver, args);
    };
  };
  return new Proxy(driver, {
    get(target, property, receiver) {
      if (typeof property !== 'string') return Reflect.get(target, property, receiver) as unknown;
      const known = guarded.get(property);
      if (known !== undefined) return known;
      const needed = CAPABILITY_OF.get(property);
      if (needed !== undefined && !capabilities.includes(needed)) return notSupported(name, property, needed);
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = guardMethod(property, value as Method);
      guarded.set(property, method);
      return method;
    },
  }) as GuardedDriver;
}

function notSupported(driver: string, method: string, capability: Capability): Method {
  return () => {
    throw new DriverError({
      code: 'not-supported',
      message: `the driver ${driver} cannot do ${method}: it has not the capability '${capability}'`,
      details: { driver, method, capability },
    });
  };
}
