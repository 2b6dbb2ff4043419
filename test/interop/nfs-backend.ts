import type { Backend } from '@scoria/core';
import { createBackend, DriverError } from '@scoria/core';
import nfsPlugin from '@scoria/driver-nfs';
import { hostModule } from '@scoria/host';
import type { Share } from '@scoria/remotefs';
import { ShareProvider } from '@scoria/remotefs';
import { Container, ContainerModule } from 'inversify';

/** The NFS driver on a directory that plays a share which is mounted already. */
export async function nfsBackend(share: Share): Promise<Backend> {
  const root = new Container();
  root.load(hostModule({ log: { level: 'error' } }));
  const bindings = new ContainerModule(async (options) => {
    await nfsPlugin.bindings?.load(options);
    options.rebind<ShareProvider>(ShareProvider).toConstantValue(onlyShare(share));
  });
  return createBackend(
    root,
    { ...nfsPlugin, bindings },
    { name: 'nfs', options: {}, stateDirectory: `${share.path}.nfs` },
  );
}

function onlyShare(share: Share): ShareProvider {
  const byName = (name: string): Share => {
    if (name === share.share) return share;
    throw new DriverError({ code: 'unavailable', message: `there is no share ${name}` });
  };
  return {
    start: async () => Promise.resolve(),
    available: async () => Promise.resolve([share]),
    problems: () => new Map(),
    byName,
    ensure: async (_context, name) => Promise.resolve(byName(name)),
  };
}
