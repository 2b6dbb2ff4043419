import { ContainerModule } from 'inversify';

import { QemuImg } from './qemu-img/qemu-img.js';

/** Binds {@link QemuImg}. Needs a binding of `CommandRunner`. */
export const diskImageModule = new ContainerModule(({ bind }) => {
  bind(QemuImg).toSelf().inSingletonScope();
});
