import type { ContainerModuleLoadOptions } from 'inversify';
import { CapacityReader } from './capacity.js';
import { LocalDirectory } from './local-directory.js';
import { MountTable, ProcMountTable } from './mount-table.js';
import { MountedShares } from './mounted-shares.js';
import { ShareMounter } from './share-mounter.js';
import { ShareProvider } from './share.js';

type Bind = ContainerModuleLoadOptions['bind'];

/** Makes a backend's shares one local directory; the backend binds `LocalDirectoryOptions`. */
export function bindLocalDirectory(bind: Bind): void {
  bind(CapacityReader).toConstantValue(new CapacityReader());
  bind<ShareProvider>(ShareProvider).to(LocalDirectory).inSingletonScope();
}

/** Makes a backend's shares those of a shares file, mounted; the backend binds `MountedSharesOptions`. */
export function bindMountedShares(bind: Bind): void {
  bind(CapacityReader).toConstantValue(new CapacityReader());
  bind<MountTable>(MountTable).toConstantValue(new ProcMountTable());
  bind(ShareMounter).toSelf().inSingletonScope();
  bind<ShareProvider>(ShareProvider).to(MountedShares).inSingletonScope();
}
