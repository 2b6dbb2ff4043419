import { QmpCompute } from '@scoria/disk-image';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GlusterBackend } from '../glusterfs/gluster-backend.js';
import type { GlusterServer } from '../support/gluster-server.js';
import type { DriverOnDirectory } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import type { ModelPlace } from './model-run.js';

type Format = 'raw' | 'qcow2';

/** The local driver on a directory of its own. */
export async function localPlace(format: Format): Promise<ModelPlace & AsyncDisposable> {
  const base = await mkdtemp(path.join(tmpdir(), 'scoria-in-use-'));
  const share = path.join(base, 'share');
  const start = async (): Promise<DriverOnDirectory> =>
    startDriver(share, { options: { local_volume_format: format }, compute: new QmpCompute() });
  let on = await start();
  return {
    on: () => ({ driver: on.driver, context: () => on.context(), directoryOf: () => share }),
    restart: async () => {
      await on[Symbol.asyncDispose]();
      on = await start();
    },
    leftovers: () => filesOn(share),
    sockets: base,
    [Symbol.asyncDispose]: async () => {
      await on[Symbol.asyncDispose]();
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** The GlusterFS driver on a share, which it mounts. */
export async function glusterPlace(
  server: GlusterServer,
  share: string,
  format: Format,
): Promise<ModelPlace & AsyncDisposable> {
  const settings = {
    shares: share,
    options: { glusterfs_qcow2_volumes: format === 'qcow2' },
    compute: new QmpCompute(),
  };
  let on = await GlusterBackend.start(server, settings);
  const { mountPointBase } = on;
  const mountPoint = on.mountPoint(share);
  return {
    on: () => ({ driver: on.driver, context: () => on.context(), directoryOf: () => mountPoint }),
    restart: async () => {
      await on[Symbol.asyncDispose]();
      on = await GlusterBackend.start(server, { ...settings, mountPointBase });
    },
    leftovers: () => filesOn(mountPoint),
    sockets: mountPointBase,
    [Symbol.asyncDispose]: async () => on[Symbol.asyncDispose](),
  };
}

/** The files on a share, in its hidden directories too; but for locks, which stay where other hosts may use them. */
async function filesOn(share: string): Promise<string[]> {
  const entries = await readdir(share, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && path.basename(entry.parentPath) !== 'locks');
  return files.map(({ name }) => name);
}
