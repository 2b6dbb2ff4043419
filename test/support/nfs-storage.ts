import type { CommandRequest, CommandResult, CommandRunner, DriverPlugin } from '@scoria/core';
import { ContainerModule } from '@scoria/core';
import nfsPlugin from '@scoria/driver-nfs';
import { MountedSharesOptions } from '@scoria/remotefs';
import type { ConformanceStorage } from '@scoria/testkit';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SHARES = ['one.example:/export', 'two.example:/export'];
const SHARE_BYTES = '256m';
const BLOCK_BYTES = 512;

/** The NFS driver with tmpfs for a file system: the shares of a machine that has no NFS client. */
export const nfsOnTmpfs: DriverPlugin = {
  ...nfsPlugin,
  bindings: new ContainerModule(async (options) => {
    await nfsPlugin.bindings?.load(options);
    options.onActivation<MountedSharesOptions>(MountedSharesOptions, (_context, given) => ({
      ...given,
      fstype: 'tmpfs',
      mountOptions: [`size=${SHARE_BYTES}`],
    }));
  }),
};

/** Runs everything with `runner`, and what asks for privileges without the helper, whose rules know no tmpfs. */
export function asRoot(runner: CommandRunner): CommandRunner {
  return {
    run: async (request: CommandRequest): Promise<CommandResult> =>
      runner.run({ ...request, privileged: false }),
    start: async (request) => runner.start(request),
    isolate: async () => runner.isolate(),
  };
}

/** Where something may still be mounted. */
const inUse = new Set<string>();

/** Two empty shares for the NFS driver, each mounted by whoever starts first and unmounted at the end. */
export async function nfsStorage(): Promise<ConformanceStorage> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'scoria-nfs-')));
  const mountPoints = path.join(directory, 'mnt');
  const sharesFile = path.join(directory, 'shares');
  inUse.add(directory);
  await writeFile(sharesFile, `# two shares\n${SHARES.join('\n')}\n`);
  return {
    options: { nfs_shares_config: sharesFile, nfs_mount_point_base: mountPoints },
    leftovers: () => filesIn(mountPoints),
    usedBytes: async () => {
      const sizes = (await filesIn(mountPoints)).map(async (file) => stat(path.join(mountPoints, file)));
      return (await Promise.all(sizes)).reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0);
    },
    referenceOf: ({ id, providerLocation = '' }) => ({ 'source-name': `${providerLocation}/volume-${id}` }),
    dispose: () => remove(directory),
  };
}

/** Unmounts what tests left that failed before they came to their end. */
export async function disposeNfsStorages(): Promise<void> {
  for (const directory of inUse) await remove(directory, '-l');
}

async function remove(directory: string, ...flags: string[]): Promise<void> {
  for (const mountPoint of await mountedIn(directory)) execFileSync('umount', [...flags, mountPoint]);
  await rm(directory, { recursive: true });
  inUse.delete(directory);
}

async function mountedIn(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const mounted = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  return mounted.filter((mountPoint) => mountPoint.startsWith(`${directory}/`));
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
}
