import type { BlockDevice, OperationContext, VolumeDriver } from '@scoria/core';
import type { ShareWatch } from './share-watch.js';
import { WatchedDevice } from './watched-device.js';

type Method = (context: OperationContext, ...args: unknown[]) => unknown;

/** What ends in time by itself: it does each share by itself, and leaves out those that hang. */
const IN_TIME: ReadonlySet<string> = new Set(['setup', 'recover', 'stats', 'teardown']);
const STREAMS: ReadonlySet<string> = new Set(['listManageable', 'findAdoptable']);

/** `driver`, with operations that end when a share that they use hangs, and devices likewise. */
export function watchedDriver(driver: VolumeDriver, watch: ShareWatch): VolumeDriver {
  return new Proxy(driver, {
    get(target, name) {
      const found = Reflect.get(target, name, target) as unknown;
      // What every object has, such as `toString`, is no operation.
      if (typeof found !== 'function' || typeof name !== 'string' || name in Object.prototype) return found;
      const method: Method = found.bind(target) as Method;
      if (IN_TIME.has(name)) return method;
      if (STREAMS.has(name)) return streamOf(method, watch);
      return name === 'openDevice' ? deviceOf(method, watch) : operationOf(method, watch);
    },
  });
}

function operationOf(method: Method, watch: ShareWatch): Method {
  return async (context, ...args) =>
    watch.run(context, async (inner) => Promise.resolve(method(inner, ...args)));
}

/** One that is opened after its caller was told that it is not is closed: it would hold its volume for good. */
function deviceOf(method: Method, watch: ShareWatch): Method {
  return async (context, ...args) =>
    watch.run(
      context,
      async (inner) =>
        new WatchedDevice((await method(inner, ...args)) as BlockDevice, watch, watch.inUse(inner)),
      async (late) => late.close(),
    );
}

function streamOf(method: Method, watch: ShareWatch): Method {
  return (context, ...args) =>
    watch.items(context, (inner) => method(inner, ...args) as AsyncIterable<unknown>);
}
