import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { GlusterHost } from '../../support/gluster-host.js';
import { GlusterServer } from '../../support/gluster-server.js';
import { OrderedProgram } from '../../support/ordered-program.js';
import type { HostLook, HostOrder, HostStart } from './orders.js';

const PATIENCE_MS = 60_000;

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/glusterfs/two-managers/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

export type Side = 0 | 1;

/** A whole manager on a host. */
export class HostManager extends OrderedProgram<HostStart, HostOrder> {
  constructor({ namespaces }: GlusterHost) {
    super(['nsenter', ...namespaces, process.execPath, programFile()]);
  }

  async look(): Promise<HostLook> {
    return this.do<HostLook>({ do: 'look' });
  }

  /** Resolves when nothing runs, and nothing is left that was cut off. */
  async rest(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const { running } = await this.look();
      if (running.length === 0) return;
      if (performance.now() > end) throw new Error(`${running.join()} does not end: ${this.errors}`);
      await sleep(50);
    }
  }
}

/** The network, the mounts and the shares of two hosts. Their managers come and go. */
export class ManagedHosts implements AsyncDisposable {
  readonly managers = [] as unknown as [HostManager, HostManager];
  #pairs = 0;
  #starts!: readonly [HostStart, HostStart];

  private constructor(
    readonly server: GlusterServer,
    private readonly hosts: readonly [GlusterHost, GlusterHost],
  ) {}

  static async start(): Promise<ManagedHosts> {
    const server = await GlusterServer.start();
    try {
      return new ManagedHosts(server, [await server.addHost(), await server.addHost()]);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * New managers on a share of their own, in the place of those there were.
   * @param databaseUrl the records of both; each has its own unless given
   * @returns where the first one has mounted the share
   */
  async manage(databaseUrl?: string): Promise<string> {
    await this.endManagers();
    this.#pairs += 1;
    const name = `managed-${String(this.#pairs)}`;
    const share = await this.server.createVolume(name);
    await this.server.gluster('volume', 'set', name, 'performance.stat-prefetch', 'off');
    const start = async (side: Side): Promise<HostStart> => {
      const directory = path.join(this.server.directory, `${name}-${String(side)}`);
      await writeConfiguration(directory, share);
      return { directory, ...(databaseUrl === undefined ? {} : { databaseUrl }) };
    };
    this.#starts = [await start(0), await start(1)];
    await Promise.all(([0, 1] as const).map((side) => this.restart(side)));
    const digest = createHash('md5').update(share).digest('hex');
    return path.join(this.#starts[0].directory, 'mounts', digest);
  }

  /** A new manager in the place of one that has ended. */
  async restart(side: Side): Promise<void> {
    const manager = new HostManager(this.hosts[side]);
    this.managers[side] = manager;
    await manager.begin(this.#starts[side]);
  }

  async endManagers(): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.kill()));
    this.managers.length = 0 as never;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endManagers();
    for (const host of this.hosts.toReversed()) await host[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

async function writeConfiguration(directory: string, share: string): Promise<void> {
  await mkdir(directory);
  await writeFile(path.join(directory, 'shares'), `${share}\n`);
  const lines = [
    'enabled_backends: [gluster]',
    'log_level: error',
    'backends:',
    '  gluster:',
    "    volume_driver: '@scoria/driver-glusterfs'",
    '    glusterfs_shares_config: ./shares',
    '    glusterfs_mount_point_base: ./mounts',
    '',
  ];
  await writeFile(path.join(directory, 'scoria.yaml'), lines.join('\n'));
}
