import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cephConfiguration, cephKeyring, type CephClusterOptions } from './ceph-configuration.js';
import { standStill } from './stand-still.js';

const run = promisify(execFile);

const TOOL_MS = 60_000;
const READY_MS = 60_000;
const STOP_MS = 10_000;
const PLACEMENT_GROUPS = 8;

export type CephDaemon = 'mon' | 'mgr' | 'osd';

interface MonitorPorts {
  readonly v2: number;
  readonly v1: number;
}

/**
 * A Ceph cluster of the test's own: a monitor, a manager and one OSD, on the loopback and in a directory that goes with
 * it. The daemons end with the test's process, whatever ends that. Starts in about three seconds.
 */
export class CephCluster implements AsyncDisposable {
  readonly confFile: string;
  readonly #daemons = new Map<CephDaemon, ChildProcess>();
  readonly #pools = new Set<string>();
  #ports: MonitorPorts;

  private constructor(
    /** For tests to put their own things in; goes with the cluster. */
    readonly directory: string,
    readonly fsid: string,
    ports: MonitorPorts,
  ) {
    this.confFile = path.join(directory, 'ceph.conf');
    this.#ports = ports;
  }

  /** Of the monitor, for its two protocols. */
  get ports(): MonitorPorts {
    return this.#ports;
  }

  static async start(options: CephClusterOptions = {}): Promise<CephCluster> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-ceph-'));
    const cluster = new CephCluster(directory, randomUUID(), await twoFreePorts());
    try {
      await cluster.#configure(options);
      await cluster.#startDaemons();
      await cluster.#require(options.cloneFormat ?? 2);
      for (const pool of options.pools ?? ['rbd']) await cluster.#addPool(pool);
      await cluster.settled();
      return cluster;
    } catch (error) {
      const said = await cluster.#logs();
      await cluster[Symbol.asyncDispose]();
      throw new Error(`no Ceph cluster: ${String(error)}\n${said}`, { cause: error });
    }
  }

  /** What the administrator's command says. */
  async ceph(...args: string[]): Promise<string> {
    return this.tool('ceph', '--connect-timeout', '20', ...args);
  }

  /** What one of Ceph's programs says: `rbd`, `rados`, `ceph`. */
  async tool(name: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(name, ['--conf', this.confFile, ...args], {
      timeout: TOOL_MS,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  }

  /** Makes a pool for images, and waits until it can be used. */
  async createPool(name: string): Promise<void> {
    await this.#addPool(name);
    await this.settled();
  }

  /**
   * A user that has these rights, `{ mon: 'profile rbd', osd: 'profile rbd pool=images' }`; its keyring is found by the
   * cluster's configuration.
   * @param name without `client.`
   */
  async addUser(name: string, rights: Readonly<Record<string, string>>): Promise<void> {
    const keyring = path.join(this.directory, `client.${name}.keyring`);
    await this.ceph('auth', 'add', `client.${name}`, ...Object.entries(rights).flat());
    await writeFile(keyring, await this.ceph('auth', 'get', `client.${name}`));
  }

  /** Resolves when all data can be read and written, and the cluster knows how much room it has. */
  async settled(): Promise<void> {
    const end = Date.now() + READY_MS;
    let state = '';
    while (Date.now() < end) {
      state = await this.ceph('status', '--format', 'json');
      if (isSettled(state, this.#pools.size * PLACEMENT_GROUPS)) {
        await this.#readEverywhere();
        return;
      }
      await sleep(20);
    }
    throw new Error(`not ready after ${String(READY_MS)} ms: ${state}`);
  }

  /**
   * Stops the daemon where it stands: it answers nothing until {@link resume}. An OSD that stood still for more than
   * some ten seconds takes itself for replaced: it has to be stopped and started again.
   */
  async pause(daemon: CephDaemon): Promise<void> {
    const { pid } = this.#running(daemon);
    if (pid !== undefined) await standStill(pid);
  }

  resume(daemon: CephDaemon): void {
    this.#running(daemon).kill('SIGCONT');
  }

  /** Ends the daemon in good order, or with SIGKILL. */
  async stop(daemon: CephDaemon, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#running(daemon);
    this.#daemons.delete(daemon);
    await end(child, signal);
  }

  /** Starts a daemon that was stopped. {@link settled} tells when it is of use. */
  startAgain(daemon: CephDaemon): void {
    const id = { mon: 'a', mgr: 'x', osd: '0' }[daemon];
    const command = [`ceph-${daemon}`, '--conf', this.confFile, '--id', id, '--foreground'];
    // A process of its own would live on where the test's is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'ignore' });
    child.on('error', () => this.#daemons.delete(daemon));
    this.#daemons.set(daemon, child);
  }

  /**
   * Gives the monitor, which was stopped, another address, in its own map and in the configuration file, and starts it
   * there. The others, which read that file when they start, are started again too.
   */
  async startElsewhere(): Promise<void> {
    await this.stop('mgr');
    await this.stop('osd', 'SIGKILL');
    const map = path.join(this.directory, 'monmap');
    await this.tool('ceph-mon', '--id', 'a', '--extract-monmap', map);
    const conf = await readFile(this.confFile, 'utf8');
    const { v2, v1 } = this.#ports;
    this.#ports = await twoFreePorts();
    const moved = conf
      .replaceAll(`127.0.0.1:${String(v2)}`, `127.0.0.1:${String(this.#ports.v2)}`)
      .replaceAll(`127.0.0.1:${String(v1)}`, `127.0.0.1:${String(this.#ports.v1)}`);
    await writeFile(this.confFile, moved);
    for (const change of [
      ['--rm', 'a'],
      ['--addv', 'a', this.#monitorAddresses()],
    ]) {
      await run('monmaptool', [...change, map], { timeout: TOOL_MS });
    }
    await this.tool('ceph-mon', '--id', 'a', '--inject-monmap', map);
    for (const daemon of ['mon', 'mgr', 'osd'] as const) this.startAgain(daemon);
    await this.settled();
  }

  /**
   * Gives a user other rights. What a daemon and a client agreed on when they met holds until they meet again: the OSD
   * is started again.
   */
  async setRights(name: string, rights: Readonly<Record<string, string>>): Promise<void> {
    await this.ceph('auth', 'caps', `client.${name}`, ...Object.entries(rights).flat());
    await this.stop('osd', 'SIGKILL');
    this.startAgain('osd');
    await this.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const children = [...this.#daemons.values()];
    this.#daemons.clear();
    await Promise.all(children.map((child) => end(child, 'SIGKILL')));
    await rm(this.directory, { recursive: true, force: true });
  }

  async #configure(options: CephClusterOptions): Promise<void> {
    const { directory, fsid, ports } = this;
    const configuration = cephConfiguration({ directory, fsid, ports }, options);
    await writeFile(this.confFile, configuration);
    await writeFile(path.join(directory, 'keyring'), cephKeyring(newKey), { mode: 0o600 });
    for (const name of ['mon', 'mgr', 'osd', 'modules']) await mkdir(path.join(directory, name));
  }

  async #startDaemons(): Promise<void> {
    await this.#makeMonitor();
    this.startAgain('mon');
    const osd = randomUUID();
    await this.ceph('osd', 'new', osd);
    this.startAgain('mgr');
    await this.tool('ceph-osd', '--id', '0', '--mkfs', '--osd-uuid', osd, '--no-mon-config');
    this.startAgain('osd');
  }

  async #makeMonitor(): Promise<void> {
    const map = path.join(this.directory, 'monmap');
    const addresses = this.#monitorAddresses();
    await run('monmaptool', ['--create', '--fsid', this.fsid, '--addv', 'a', addresses, map], {
      timeout: TOOL_MS,
    });
    const keyring = path.join(this.directory, 'keyring');
    await this.tool('ceph-mon', '--id', 'a', '--mkfs', '--monmap', map, '--keyring', keyring);
  }

  #monitorAddresses(): string {
    const { v1, v2 } = this.#ports;
    return `[v2:127.0.0.1:${String(v2)},v1:127.0.0.1:${String(v1)}]`;
  }

  async #require(cloneFormat: 1 | 2): Promise<void> {
    const release = cloneFormat === 1 ? 'luminous' : 'mimic';
    await this.ceph('osd', 'set-require-min-compat-client', release, '--yes-i-really-mean-it');
  }

  async #addPool(name: string): Promise<void> {
    await this.ceph('osd', 'pool', 'create', name, String(PLACEMENT_GROUPS));
    await this.ceph('osd', 'pool', 'application', 'enable', name, 'rbd');
    this.#pools.add(name);
  }

  /** What the manager says of placement groups may be old: a list of all objects has to ask each of them. */
  async #readEverywhere(): Promise<void> {
    for (const pool of this.#pools) await this.tool('rados', '--pool', pool, 'ls');
  }

  #running(daemon: CephDaemon): ChildProcess {
    const child = this.#daemons.get(daemon);
    if (child === undefined) throw new Error(`ceph-${daemon} does not run`);
    return child;
  }

  async #logs(): Promise<string> {
    const names = ['mon.a', 'mgr.x', 'osd.0'];
    const texts = names.map((name) =>
      readFile(path.join(this.directory, `${name}.log`), 'utf8').catch(() => ''),
    );
    const lines = (await Promise.all(texts)).map((text) => text.split('\n').slice(-10).join('\n'));
    return lines.join('\n');
  }
}

interface ClusterStatus {
  readonly pgmap: {
    readonly pgs_by_state: readonly { readonly state_name: string; readonly count: number }[];
    readonly bytes_total: number;
  };
}

function isSettled(text: string, placementGroups: number): boolean {
  const { pgmap } = JSON.parse(text) as ClusterStatus;
  const active = pgmap.pgs_by_state.find(({ state_name: state }) => state === 'active+clean');
  return pgmap.bytes_total > 0 && (active?.count ?? 0) >= placementGroups;
}

/** A secret as Ceph writes it: its kind, when it was made, and sixteen bytes with their number before them. */
function newKey(): string {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(1, 0);
  head.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  head.writeUInt16LE(16, 10);
  return Buffer.concat([head, randomBytes(16)]).toString('base64');
}

async function twoFreePorts(): Promise<MonitorPorts> {
  const servers = [0, 0].map(() => createServer().listen(0, '127.0.0.1'));
  const [v2, v1] = await Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { v2: v2!, v1: v1! };
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
