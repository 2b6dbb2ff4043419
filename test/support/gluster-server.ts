import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { GlusterHost } from './gluster-host.js';
import { end, held } from './namespaces.js';

const run = promisify(execFile);

const TOOL_MS = 60_000;
const LOGS = '/var/log/glusterfs';

export interface GlusterServerOptions {
  /** Where its directory is made; the machine's for temporary ones unless told. */
  readonly parent?: string;
}

export interface GlusterVolumeOptions {
  /** How many bricks, each with all of the data; 1 unless told. */
  readonly replicas?: number;
  /** How large each brick is; as large as the disk of the tests unless told. */
  readonly bytes?: number;
}

/**
 * A GlusterFS server of the test's own, in namespaces that end with it: a network, since it refuses loopback
 * addresses, mounts, for its fixed directories, and processes, so that none outlives it, whatever ends the test.
 * Needs root.
 */
export class GlusterServer implements AsyncDisposable {
  readonly address = '10.77.0.1';
  /** Not in the network: nobody answers there. */
  readonly deadAddress = '10.77.0.9';
  #hosts = 0;

  private constructor(
    /** For tests to put their own things in; goes with the server, and so does what is mounted in it. */
    readonly directory: string,
    private readonly holder: ChildProcessWithoutNullStreams,
  ) {}

  static async start({ parent = tmpdir() }: GlusterServerOptions = {}): Promise<GlusterServer> {
    const directory = await realpath(await mkdtemp(path.join(parent, 'scoria-gluster-')));
    const server = new GlusterServer(directory, holdNamespaces());
    try {
      await server.#prepare();
      await server.#inside('glusterd', '--pid-file', '/run/glusterd.pid');
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What `nsenter` needs to run a program in the server's network; the mounts it makes are this machine's. */
  get network(): string {
    return `--net=/proc/${String(this.holder.pid)}/ns/net`;
  }

  /** Makes and starts a volume; its share. */
  async createVolume(name: string, { replicas = 1, bytes }: GlusterVolumeOptions = {}): Promise<string> {
    const directories = Array.from({ length: replicas }, (_, index) => this.brick(name, index));
    for (const directory of directories) await this.#makeBrick(directory, bytes);
    const bricks = directories.map((directory) => `${this.address}:${directory}`);
    const replica = replicas === 1 ? [] : ['replica', String(replicas)];
    await this.gluster('volume', 'create', name, ...replica, ...bricks, 'force');
    await this.gluster('volume', 'start', name);
    return `${this.address}:/${name}`;
  }

  /** What the administrator's command says. */
  async gluster(...args: string[]): Promise<string> {
    return this.#inside('gluster', '--mode=script', ...args);
  }

  /** The directory with a brick's data. */
  brick(volume: string, index: number): string {
    return path.join(this.directory, 'bricks', `${volume}-${String(index)}`);
  }

  /** Kills the process that serves a brick. `gluster volume start VOLUME force` brings it back. */
  async killBrick(volume: string, index: number): Promise<void> {
    await killProcesses(['--brick-name', this.brick(volume, index)]);
  }

  /** Kills the process behind a mount of this machine. */
  async killClient(mountPoint: string): Promise<void> {
    await killProcesses(['--process-name', 'fuse'], mountPoint);
  }

  /**
   * Another host: a network of its own with a cable to the server's.
   * @param hides directories of this machine that it does not see; it has mounts of its own then
   */
  async addHost(hides: readonly string[] = []): Promise<GlusterHost> {
    this.#hosts += 1;
    const host = await GlusterHost.start(this.directory, this.#hosts, hides);
    try {
      await host.plugIn(this.network, this.address);
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Mounts a share, without a driver. */
  async mount(share: string, mountPoint: string): Promise<void> {
    await mkdir(mountPoint, { recursive: true });
    await run('nsenter', [this.network, 'mount', '-t', 'glusterfs', share, mountPoint], { timeout: TOOL_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const mountPoint of (await mountedIn(this.directory)).reverse()) {
        await run('umount', ['--lazy', mountPoint], { timeout: TOOL_MS });
      }
    } finally {
      await end(this.holder);
      await removeLogs(this.directory);
      await rm(this.directory, { recursive: true, force: true });
    }
  }

  async #prepare(): Promise<void> {
    await held(this.holder);
    await this.#inside('ip', 'link', 'set', 'lo', 'up');
    await this.#inside('ip', 'address', 'add', `${this.address}/32`, 'dev', 'lo');
    for (const directory of ['/run', '/var/lib/glusterd', LOGS]) await this.#mountMemory(directory);
  }

  async #makeBrick(directory: string, bytes?: number): Promise<void> {
    await mkdir(directory, { recursive: true });
    if (bytes !== undefined) await this.#mountMemory(directory, '-o', `size=${String(bytes)}`);
  }

  async #mountMemory(directory: string, ...options: string[]): Promise<void> {
    await this.#inside('mount', '-t', 'tmpfs', ...options, 'tmpfs', directory);
  }

  async #inside(...command: string[]): Promise<string> {
    const namespaces = `/proc/${String(this.holder.pid)}/ns`;
    const mounts = `--mount=${namespaces}/mnt`;
    const processes = `--pid=${namespaces}/pid_for_children`;
    const { stdout } = await run('nsenter', [this.network, mounts, processes, ...command], {
      timeout: TOOL_MS,
    });
    return stdout;
  }
}

/**
 * The first process of the namespaces: it ends when its input does, and with it all others. As it ignores the ends of
 * its children, it leaves no process half gone, which the server would take for running.
 */
function holdNamespaces(): ChildProcessWithoutNullStreams {
  const namespaces = ['--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];
  return spawn('unshare', [...namespaces, 'env', '--ignore-signal=CHLD', 'cat']);
}

/** Kills the processes of GlusterFS that have these words in their command line, one after the other. */
async function killProcesses(words: readonly string[], last?: string): Promise<void> {
  const wanted = `\0${words.join('\0')}\0`;
  let found = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!line.includes(wanted) || (last !== undefined && !line.endsWith(`\0${last}\0`))) continue;
    process.kill(Number(pid), 'SIGKILL');
    found += 1;
  }
  if (found !== 1) throw new Error(`expected one process with ${words.join(' ')}, found ${String(found)}`);
}

async function mountedIn(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const mounted = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  return mounted.filter((mountPoint) => mountPoint.startsWith(`${directory}/`));
}

/** Each mount has a log of its own, named after its mount point. */
async function removeLogs(directory: string): Promise<void> {
  const prefix = `${directory.slice(1).replaceAll('/', '-')}-`;
  const logs = (await readdir(LOGS)).filter((name) => name.startsWith(prefix));
  for (const log of logs) await rm(path.join(LOGS, log), { force: true });
}
