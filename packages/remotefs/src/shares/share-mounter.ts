import { CommandError, CommandRunner, LockManager, messageOf, type Lock } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../chain/file-errors.js';
import { MountProbe } from './mount-probe.js';
import { matchesMount, MountTable, type MountEntry } from './mount-table.js';
import { MOUNT_TIMEOUT_MS, MountedSharesOptions } from './mounted-shares-options.js';
import { unusableShare } from './share.js';
import type { ShareSpec } from './shares-file-line.js';

/**
 * Added to every mount, after whatever else is asked for: what is on a share is data, so no file on it may be a
 * device or lend its owner's rights.
 */
const ALWAYS = ['nosuid', 'nodev'];

/** The mount point of a share: the one Cinder uses, so that each finds what the other has mounted. */
export function mountPointOf(base: string, share: string): string {
  return path.join(base, digestOf(share));
}

function digestOf(share: string): string {
  return createHash('md5').update(share).digest('hex');
}

/** Mounts shares, each at its own mount point. Touches nothing that is mounted already, so it does not hang on it. */
@injectable()
export class ShareMounter {
  readonly #timeoutMs: number;
  #realBase: string | undefined;

  constructor(
    @inject(MountedSharesOptions) private readonly options: MountedSharesOptions,
    @inject(CommandRunner) private readonly commands: CommandRunner,
    @inject(LockManager) private readonly locks: LockManager,
    @inject(MountTable) private readonly table: MountTable,
    /** What the file systems themselves are asked. */
    @inject(MountProbe) readonly probe: MountProbe,
  ) {
    this.#timeoutMs = options.mountTimeoutMs ?? MOUNT_TIMEOUT_MS;
  }

  /**
   * Mounts the share unless it is mounted; nothing on it is opened by this process before. Idempotent, and safe against other processes on this host.
   * @returns true if it was not mounted before
   * @throws DriverError `unavailable` if it cannot be mounted, or something else is mounted in its place
   */
  async mount(spec: ShareSpec): Promise<boolean> {
    await this.commands.isolate();
    const base = await this.#base(spec.share);
    const directory = mountPointOf(base, spec.share);
    if (await this.#isMounted(spec.share, directory)) return false;
    await using _lock = await this.#lock(base, spec.share);
    if (await this.#isMounted(spec.share, directory)) return false;
    await makeMountPoint(spec.share, directory);
    await this.#runMount(spec, directory);
    return true;
  }

  /**
   * Takes away the mount of a share whose client has died: nothing that is open on it works any more, for nobody, and
   * nothing can come back. It goes also where something is open. Idempotent, and safe against other processes on
   * this host: whether it has died is asked once nobody else mounts or unmounts the share.
   * @throws DriverError `unavailable` if something else is mounted in its place
   * @throws CommandError if it cannot be unmounted
   */
  async unmountDead({ share }: ShareSpec): Promise<void> {
    const base = await this.#base(share);
    const directory = mountPointOf(base, share);
    await using _lock = await this.#lock(base, share);
    if (!(await this.#isMounted(share, directory)) || !(await this.probe.isDead(directory))) return;
    await this.#privileged('umount', ['--lazy', directory]);
  }

  /** True if the share is mounted now. @throws DriverError `unavailable` if something else is mounted in its place */
  async isMounted({ share }: ShareSpec): Promise<boolean> {
    return this.#isMounted(share, mountPointOf(await this.#base(share), share));
  }

  /**
   * Lets the service's group own the share and write on it, if the options name a group. Looks at the mounted file
   * system, so it may hang.
   * @throws CommandError if the server does not let it
   */
  async grantGroup(directory: string): Promise<void> {
    const { gid } = this.options;
    if (gid === undefined) return;
    const found = await stat(directory);
    if (found.gid !== gid) await this.#privileged('chgrp', [String(gid), directory]);
    if ((found.mode & 0o020) === 0) await this.#privileged('chmod', ['g+w', directory]);
  }

  async #lock(base: string, share: string): Promise<Lock> {
    return this.locks.acquire([{ directory: base, name: `.mount-${digestOf(share)}` }], {
      timeoutMs: 2 * this.#timeoutMs,
    });
  }

  async #isMounted(share: string, directory: string): Promise<boolean> {
    const entry = await this.table.find(directory);
    if (entry === undefined) return false;
    if (matchesMount(entry, { type: this.options.fstype, source: share })) return true;
    throw unusableShare(share, this.#somethingElse(entry));
  }

  #somethingElse({ directory, type, source }: MountEntry): string {
    return (
      `${source} (${type}) is mounted on its mount point ${directory}, where it should be itself ` +
      `(${this.options.fstype}); unmount that, or write the share in the shares file as it is mounted`
    );
  }

  async #runMount({ share, options }: ShareSpec, directory: string): Promise<void> {
    const { driverOptions = [], mountOptions = [] } = this.options;
    const all = [...driverOptions, ...mountOptions, ...options, ...ALWAYS];
    // In the shape the privileged helper allows. Neither can be taken for an option: the share begins with a host's
    // name or a bracket (see parseLine), the directory with a slash.
    const args = ['-t', this.options.fstype, '-o', all.join(','), share, directory];
    try {
      await this.#privileged('mount', args);
    } catch (error) {
      // Another process, or an earlier mount that had been given up, may have been faster.
      if (await this.#isMounted(share, directory)) return;
      throw unusableShare(share, mountFailure(error, this.options.fstype), error);
    }
    if (await this.#isMounted(share, directory)) return;
    throw unusableShare(share, `mount reported success, but nothing is mounted on ${directory}`);
  }

  async #privileged(command: string, args: readonly string[]): Promise<void> {
    await this.commands.run({ command, args, timeoutMs: this.#timeoutMs, privileged: true });
  }

  /** The base without links, since the mount table has none. */
  async #base(share: string): Promise<string> {
    if (this.#realBase !== undefined) return this.#realBase;
    const { mountPointBase } = this.options;
    try {
      await mkdir(mountPointBase, { recursive: true, mode: 0o755 });
      this.#realBase = await realpath(mountPointBase);
      return this.#realBase;
    } catch (error) {
      const reason = `the directory for mount points, ${mountPointBase}, cannot be made: ${messageOf(error)}`;
      throw unusableShare(share, reason, error);
    }
  }
}

/** What mount(8) says of a file system whose own mount program it does not find. */
const NO_HELPER = /unknown filesystem type|need a \/sbin\/mount\.|bad option; for several filesystems/;

function mountFailure(error: unknown, fstype: string): string {
  if (error instanceof CommandError && error.code === 'command-timeout') {
    return `it was not mounted in time; see whether its server is up and can be reached (${error.message})`;
  }
  const reason = messageOf(error);
  const hint = NO_HELPER.test(reason) ? `; is mount.${fstype} installed?` : '';
  return `it cannot be mounted: ${reason}${hint}`;
}

/** Not writable: what is written while the share is gone must not land on this host's own disk. */
async function makeMountPoint(share: string, directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o550 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') {
      throw unusableShare(share, `its mount point cannot be made: ${messageOf(error)}`, error);
    }
  }
  const found = await lstat(directory);
  if (!found.isDirectory()) {
    throw unusableShare(share, `its mount point ${directory} is not a directory; remove what is there`);
  }
}
