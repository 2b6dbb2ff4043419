import type { DriverPlugin, LockName } from '@scoria/core';
import { CommandRunner, ContainerModule, LockError, LockManager } from '@scoria/core';
import glusterfsPlugin from '@scoria/driver-glusterfs';
import localPlugin from '@scoria/driver-local';
import { hostModule } from '@scoria/host';
import { MountedSharesOptions } from '@scoria/remotefs';
import { Container } from 'inversify';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GlusterRunner, glusterRules } from '../gluster-runner.js';
import { TroubledBackend } from './troubled-backend.js';

export interface TroubledBackendsOptions {
  /** Where its state is; its mount points are in `mnt` of it, local volumes in `local`. */
  readonly directory: string;
  /** The network to mount from, as an argument of nsenter(1). */
  readonly network: string;
  readonly shares: readonly string[];
}

/** Finds out sooner than by default that a share hangs, and looks at the shares for each operation. */
const watchful: DriverPlugin = {
  ...glusterfsPlugin,
  bindings: new ContainerModule(async (options) => {
    await glusterfsPlugin.bindings?.load(options);
    options.onActivation<MountedSharesOptions>(MountedSharesOptions, (_context, given) => ({
      ...given,
      retryAfterMs: 0,
      trustMs: 0,
      heartbeatMs: 100,
      hangAfterMs: 3_000,
    }));
  }),
};

const SHORT_MS = 5_000;
const LONG_MS = 60_000;

/** The backends of one process: one on shares that get into trouble, and one in a directory of this machine. */
export class TroubledBackends {
  private constructor(
    private readonly root: Container,
    readonly local: TroubledBackend,
    readonly gluster: TroubledBackend,
  ) {}

  static async start(
    { directory, network, shares }: TroubledBackendsOptions,
    say: (event: object) => void,
  ): Promise<TroubledBackends> {
    const glusterfs_shares_config = path.join(directory, 'shares');
    const glusterfs_mount_point_base = path.join(directory, 'mnt');
    await mkdir(glusterfs_mount_point_base, { recursive: true });
    await writeFile(glusterfs_shares_config, `${shares.join('\n')}\n`);
    const root = rootFor(glusterfs_mount_point_base, network);
    const instance = (name: string, options: Record<string, unknown>) => {
      return { name, options, stateDirectory: path.join(directory, `${name}-state`) };
    };
    const local = instance('local', { local_volumes_path: path.join(directory, 'local') });
    const gluster = instance('gluster', { glusterfs_shares_config, glusterfs_mount_point_base });
    return new TroubledBackends(
      root,
      await TroubledBackend.start(root, localPlugin, local, say),
      await TroubledBackend.start(root, watchful, gluster, say),
    );
  }

  /** What a program says. */
  async run(command: string, args: readonly string[]): Promise<string> {
    return (await this.#commands.run({ command, args, timeoutMs: SHORT_MS })).stdout;
  }

  /** Takes a lock and starts a program that does not end with this process; its number. */
  async runThatStays(lock: LockName): Promise<number> {
    await this.#locks.acquire([lock]);
    const args = ['--pdeathsig', 'clear', 'sleep', '60'];
    return (await this.#commands.start({ command: 'setpriv', args, timeoutMs: LONG_MS })).pid;
  }

  async isFree(lock: LockName): Promise<boolean> {
    try {
      await using _lock = await this.#locks.acquire([lock], { timeoutMs: 0 });
      return true;
    } catch (error) {
      if (error instanceof LockError && error.code === 'lock-timeout') return false;
      throw error;
    }
  }

  get #commands(): CommandRunner {
    return this.root.get<CommandRunner>(CommandRunner);
  }

  get #locks(): LockManager {
    return this.root.get<LockManager>(LockManager);
  }
}

function rootFor(mountPointBase: string, network: string): Container {
  const root = new Container();
  const allow = glusterRules(mountPointBase, [network]);
  root.load(hostModule({ log: { level: 'error' }, privileges: { allow } }));
  root.onActivation<CommandRunner>(CommandRunner, (_context, runner) => new GlusterRunner(runner, [network]));
  return root;
}
