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

const LIFECYCLE = ['setup', 'checkForSetupError', 'recover', 'stats', 'teardown'] as const;
const STREAMS: ReadonlySet<string> = new Set(['listManageable', 'findAdoptable']);
const CONTRACT: ReadonlySet<string> = new Set([
  ...LIFECYCLE,
  ...Object.keys(METHOD_CHECKS),
  ...CAPABILITY_OF.keys(),
]);

/**
 * `driver` behind the checks that are the same for every driver (`METHOD_CHECKS`): ids, sizes, states. What does
 * not pass is a clear error before the driver is called, so no driver has to repeat them. Errors always come as
 * rejections, or from the iterator of the methods that list; no method of the contract throws when it is called.
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
    return async (...args) => await call(args);
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
