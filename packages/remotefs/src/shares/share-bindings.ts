import { createContext, Logger, VolumeDriver } from '@scoria/core';
import type { ContainerModuleLoadOptions } from 'inversify';
import { randomUUID } from 'node:crypto';
import { CapacityReader } from './capacity.js';
import { LocalDirectory } from './local-directory.js';
import { MountTable, ProcMountTable } from './mount-table.js';
import { MountProbe, systemMountProbe } from './mount-probe.js';
import { MountedShares } from './mounted-shares.js';
import { ShareMounter } from './share-mounter.js';
import { ShareProvider } from './share.js';
import { ShareWatch } from './share-watch.js';
import { watchedDriver } from './watched-driver.js';

type Bind = ContainerModuleLoadOptions['bind'];

/** Makes a backend's shares one local directory; the backend binds `LocalDirectoryOptions`. */
export function bindLocalDirectory(bind: Bind): void {
  bind(ShareWatch).toSelf().inSingletonScope();
  bind(CapacityReader).toConstantValue(new CapacityReader());
  bind<ShareProvider>(ShareProvider).to(LocalDirectory).inSingletonScope();
}

/** Makes a backend's shares those of a shares file, mounted; the backend binds `MountedSharesOptions`. */
export function bindMountedShares(bind: Bind): void {
  bind(ShareWatch).toSelf().inSingletonScope();
  bind(CapacityReader).toConstantValue(new CapacityReader());
  bind<MountTable>(MountTable).toConstantValue(new ProcMountTable());
  bind<MountProbe>(MountProbe).toConstantValue(systemMountProbe);
  bind(ShareMounter).toSelf().inSingletonScope();
  bind<ShareProvider>(ShareProvider).to(MountedShares).inSingletonScope();
}

/**
 * Has the driver of a backend with mounted shares end its operations on a share that hangs, and put a share in order
 * that is back.
 */
export function watchMountedShares(onActivation: ContainerModuleLoadOptions['onActivation']): void {
  onActivation<VolumeDriver>(VolumeDriver, (context, driver) => {
    const watch = context.get(ShareWatch);
    const watched = watchedDriver(driver, watch);
    const logger = context.get<Logger>(Logger);
    watch.onReturn(async () => watched.recover(createContext({ requestId: `req-${randomUUID()}`, logger })));
    return watched;
  });
}
