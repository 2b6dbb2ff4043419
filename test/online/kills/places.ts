import type { ComputeApi, ContextOptions, GuardedDriver, OperationContext } from '@scoria/core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GlusterBackend } from '../../glusterfs/gluster-backend.js';
import { startDriver } from '../../support/driver-on-directory.js';
import type { GlusterServer } from '../../support/gluster-server.js';

export type Format = 'raw' | 'qcow2';

/** A driver that has started, recovery included. */
export interface StartedDriver extends AsyncDisposable {
  readonly driver: GuardedDriver;
  context(): OperationContext;
}

/** How a driver asks guests, and what it says of its steps. */
export interface DriverSettings {
  readonly compute: ComputeApi;
  readonly onStep: NonNullable<ContextOptions['onStep']>;
}

/** Where volumes are while processes are killed. */
export interface KillPlace extends AsyncDisposable {
  readonly format: Format;
  /** Where the volumes' files are on this host. */
  readonly directory: string;
  /** For the guests' sockets. */
  readonly sockets: string;
  /** Starts a driver, as a new process does. */
  readonly start: (settings: DriverSettings) => Promise<StartedDriver>;
}

/** The local driver on a directory of its own. */
export async function localKillPlace(format: Format): Promise<KillPlace> {
  const base = await mkdtemp(path.join(tmpdir(), 'scoria-kills-'));
  const directory = path.join(base, 'share');
  const options = { local_volume_format: format };
  return {
    format,
    directory,
    sockets: base,
    start: async (settings) => startDriver(directory, { options, ...settings }),
    [Symbol.asyncDispose]: async () => rm(base, { recursive: true, force: true }),
  };
}

/** The GlusterFS driver on a share, which it mounts. */
export async function glusterKillPlace(
  server: GlusterServer,
  shares: string,
  format: Format,
): Promise<KillPlace> {
  const mountPointBase = await mkdtemp(path.join(server.directory, 'kills-'));
  const settings = { shares, mountPointBase, options: { glusterfs_qcow2_volumes: format === 'qcow2' } };
  const backend = await GlusterBackend.create(server, settings);
  return {
    format,
    directory: backend.mountPoint(shares),
    sockets: mountPointBase,
    start: async (more) => GlusterBackend.start(server, { ...settings, ...more }),
    [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
  };
}
