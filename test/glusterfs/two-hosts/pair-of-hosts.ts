import { mkdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { GlusterHost } from '../../support/gluster-host.js';
import type { GlusterVolumeOptions } from '../../support/gluster-server.js';
import { GlusterServer } from '../../support/gluster-server.js';
import { HostManager } from './host-manager.js';

/** Two hosts, each with a network, a mount and a manager of its own, on one share. */
export class PairOfHosts implements AsyncDisposable {
  private constructor(
    readonly server: GlusterServer,
    readonly share: string,
    /** Only the first host sees what is in it: the sockets of its guests. */
    readonly sockets: string,
    private readonly hosts: readonly [GlusterHost, GlusterHost],
    readonly managers: [HostManager, HostManager],
  ) {}

  static async start(options: GlusterVolumeOptions = {}): Promise<PairOfHosts> {
    const server = await GlusterServer.start();
    try {
      const share = await server.createVolume('pair', options);
      await server.gluster('volume', 'set', 'pair', 'performance.stat-prefetch', 'off');
      const sockets = path.join(server.directory, 'sockets');
      await mkdir(sockets);
      const hosts = [await server.addHost(), await server.addHost([sockets])] as const;
      const bases = hosts.map((_host, side) => mountPointBase(server, side));
      const first = await HostManager.start(hosts[0], share, bases[0]!);
      const second = await HostManager.start(hosts[1], share, bases[1]!);
      return new PairOfHosts(server, share, sockets, hosts, [first, second]);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A share is mounted there under the digest of its name. */
  mountPoint(side: 0 | 1): string {
    const digest = createHash('md5').update(this.share).digest('hex');
    return path.join(mountPointBase(this.server, side), digest);
  }

  /** A new manager in the place of one that has ended. */
  async restart(side: 0 | 1): Promise<void> {
    this.managers[side] = await HostManager.start(
      this.hosts[side],
      this.share,
      mountPointBase(this.server, side),
    );
  }

  /** The host loses power, as far as the servers can tell: its manager and its client are gone. */
  async loseHost(side: 0 | 1): Promise<void> {
    await this.server.killClient(this.mountPoint(side));
    await this.managers[side].kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const manager of this.managers) await manager[Symbol.asyncDispose]();
    for (const host of this.hosts.toReversed()) await host[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

function mountPointBase(server: GlusterServer, side: number): string {
  return path.join(server.directory, `mnt-${String(side)}`);
}
