import type { DriverPlugin } from '@scoria/core';
import { ContainerModule } from '@scoria/core';
import glusterfsPlugin from '@scoria/driver-glusterfs';
import { MountedSharesOptions } from '@scoria/remotefs';

/** The GlusterFS driver, which finds out sooner than by default that a share hangs, and that it is back. */
const watchful: DriverPlugin = {
  ...glusterfsPlugin,
  bindings: new ContainerModule(async (options) => {
    await glusterfsPlugin.bindings?.load(options);
    options.onActivation<MountedSharesOptions>(MountedSharesOptions, (_context, given) => ({
      ...given,
      retryAfterMs: 500,
      trustMs: 0,
      heartbeatMs: 200,
      hangAfterMs: 3_000,
    }));
  }),
};
export default watchful;
