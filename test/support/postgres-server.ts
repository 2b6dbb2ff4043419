import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

const TOOL_MS = 60_000;
const READY = 'database system is ready to accept connections';
const USER = 'scoria';

/** Whom the server runs as: it refuses to be root. */
interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A PostgreSQL server of the test's own: in a directory that goes with it, on a free port of the loopback and on a
 * socket, with a password, and with the sort order of a language, as most servers have it.
 */
export class PostgresServer implements AsyncDisposable {
  #databases = 0;

  private constructor(
    private readonly base: string,
    private readonly port: number,
    private readonly password: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<PostgresServer> {
    const identity = await serverIdentity();
    const base = await mkdtemp(path.join(tmpdir(), 'scoria-postgres-'));
    try {
      const password = await initialise(base, identity);
      const port = await freePort();
      return new PostgresServer(base, port, password, await launch(base, port, identity));
    } catch (error) {
      await rm(base, { recursive: true, force: true });
      throw error;
    }
  }

  /** A new and empty database, by its address; the one of the socket is faster. */
  async database(options: { readonly socket?: boolean } = {}): Promise<string> {
    this.#databases += 1;
    const name = `scoria_${String(this.#databases)}`;
    await this.query(`create database ${name}`);
    return this.addressOf(name, options);
  }

  /** Over TCP; the same database over the socket with `socket`. */
  addressOf(database: string, { socket = false } = {}): string {
    const host = socket ? encodeURIComponent(path.join(this.base, 'socket')) : '127.0.0.1';
    return `postgresql://${USER}:${this.password}@${host}:${String(this.port)}/${database}`;
  }

  /** What the server answers to a statement of its administrator, a line for each row. */
  async query(
    sql: string,
    address: string = this.addressOf('postgres', { socket: true }),
  ): Promise<string[]> {
    const args = ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql, address];
    const { stdout } = await run(serverProgram('psql'), args, { timeout: TOOL_MS });
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Ends the sessions of a database from the server's side, as a restart would; how many. */
  async endSessions(address: string, where = 'true'): Promise<number> {
    const database = new URL(address).pathname.slice(1);
    const ended = await this.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and ${where}`,
    );
    return ended.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await end(this.process);
    } finally {
      await rm(this.base, { recursive: true, force: true });
    }
  }
}

/** A program of the server's package, in PATH or where Debian puts it: the newest there is. */
function serverProgram(name: string): string {
  const inPath = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = [...versionedFolders(), ...inPath]
    .map((folder) => path.join(folder, name))
    .find((file) => isExecutable(file));
  if (found !== undefined) return found;
  throw new Error(`${name} is neither in PATH nor in /usr/lib/postgresql/*/bin: install PostgreSQL's server`);
}

function versionedFolders(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => path.join(root, version, 'bin'));
  } catch {
    return []; // not Debian
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function serverIdentity(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (option) => {
      const { stdout } = await run('id', [option, 'postgres'], { timeout: TOOL_MS });
      return Number(stdout);
    }),
  );
  return { uid: uid!, gid: gid! };
}

/** Makes the directories and the first databases; the password of their user. */
async function initialise(base: string, identity: Identity): Promise<string> {
  const secret = randomBytes(16).toString('hex');
  await mkdir(path.join(base, 'socket'));
  await writeFile(path.join(base, 'password'), secret);
  for (const name of ['.', 'socket', 'password']) {
    const file = path.join(base, name);
    await chmod(file, 0o700);
    if (identity.uid !== undefined) await chown(file, identity.uid, identity.gid!);
  }
  const args = ['-D', path.join(base, 'data'), '-U', USER, '-E', 'UTF8', '--no-sync'];
  const password = `--pwfile=${path.join(base, 'password')}`;
  const access = ['--auth-host=scram-sha-256', '--auth-local=password', password];
  const language = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  await run(serverProgram('initdb'), [...args, ...access, ...language], {
    ...identity,
    cwd: base,
    timeout: TOOL_MS,
  });
  return secret;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function launch(base: string, port: number, identity: Identity): Promise<ChildProcess> {
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${path.join(base, 'socket')}`,
    'fsync=off',
    'full_page_writes=off',
    'max_connections=200',
    'deadlock_timeout=100ms',
  ].flatMap((setting) => ['-c', setting]);
  const args = ['-D', path.join(base, 'data'), '-p', String(port), ...settings];
  const child = spawn(serverProgram('postgres'), args, {
    ...identity,
    cwd: base,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    await whenReady(child);
    return child;
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** Resolves when it takes connections; goes on reading what it says, so that it never waits for a reader. */
async function whenReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(new Error(`PostgreSQL did not start: ${said.join('\n')}`));
    const timer = setTimeout(fail, TOOL_MS);
    const lines = createInterface({ input: child.stderr! });
    lines.on('line', (line) => {
      said.splice(20);
      said.push(line);
      if (line.includes(READY)) resolve();
    });
    child.once('exit', fail);
    child.once('error', fail);
    lines.once('close', () => clearTimeout(timer));
  });
}

/** A stop that ends its sessions; where that takes too long, at once. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), TOOL_MS / 6);
  await exited;
  clearTimeout(timer);
}
