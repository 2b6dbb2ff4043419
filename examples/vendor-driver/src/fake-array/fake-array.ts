import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { ArrayErrorCode } from './array-error.js';
import { ARRAY_ERRORS, ArrayError } from './array-error.js';
import { ArrayState } from './array-state.js';
import { route } from './routes.js';

const NO_TROUBLE: Trouble = { requests: /^/ };

/** What can be made to go wrong, and for which requests: a pattern of 'METHOD /path'. */
export interface Trouble {
  readonly requests: RegExp;
  /** Answers this error and does nothing. */
  readonly error?: ArrayErrorCode;
  /** Waits so long before it does what was asked; a client that has gone by then gets nothing done. */
  readonly delayMs?: number;
  /** Does what was asked and never answers. */
  readonly loseAnswer?: boolean;
}

export interface FakeArrayOptions {
  readonly user?: string;
  readonly password?: string;
  readonly pool?: string;
  readonly totalBytes?: number;
  /** 0 is any free port. */
  readonly port?: number;
}

/**
 * A storage array with an HTTP API, in memory: real bytes, copy-on-write, logins that expire. Stands in for the
 * hardware that a vendor has.
 */
export class FakeArray {
  readonly state: ArrayState;
  readonly user: string;
  readonly password: string;
  /** Set to see how a driver bears it. */
  trouble: Trouble | undefined;
  /** 'METHOD /path' of every request, oldest first. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #tokens = new Set<string>();

  private constructor({ user = 'scoria', password = 'acme-secret', ...options }: FakeArrayOptions) {
    this.user = user;
    this.password = password;
    this.state = new ArrayState(options.pool ?? 'gold', options.totalBytes ?? 2 ** 40);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        refuse(response, error);
      });
    });
  }

  static async start(options: FakeArrayOptions = {}): Promise<FakeArray> {
    const array = new FakeArray(options);
    await new Promise<void>((resolve, reject) => {
      array.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return array;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Ends every session, as the array does after a while. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** The names of all volumes, snapshots and exports. */
  names(): string[] {
    return [...this.state.volumes.values()].flatMap(({ name, snapshots, exports }) => [
      name,
      ...snapshots.map((snapshot) => snapshot.name),
      ...[...exports.keys()].map((host) => `${name} for ${host}`),
    ]);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/' } = request;
    const { pathname, searchParams: query } = new URL(url, 'http://array');
    const asked = `${method} ${pathname}`;
    this.requests.push(asked);
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    const trouble = this.trouble?.requests.test(asked) ? this.trouble : NO_TROUBLE;
    if (trouble.delayMs !== undefined) await setTimeout(trouble.delayMs);
    if (response.destroyed) return;
    if (trouble.error !== undefined) throw new ArrayError(trouble.error, 'the array has trouble');
    if (asked !== 'POST /login') this.#requireLogin(request);
    const call = { array: this.state, query, body };
    const result = asked === 'POST /login' ? this.#login(body) : route(asked, call);
    if (trouble.loseAnswer !== true) send(response, result);
  }

  #login(body: Buffer): object {
    const { user, password } = JSON.parse(body.toString()) as Record<string, unknown>;
    if (user !== this.user || password !== this.password) {
      throw new ArrayError('unauthorised', `user ${String(user)} may not log in with this password`);
    }
    const token = randomUUID();
    this.#tokens.add(token);
    return { token };
  }

  #requireLogin({ headers }: IncomingMessage): void {
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    if (!this.#tokens.has(token)) throw new ArrayError('unauthorised', 'log in first');
  }
}

function send(response: ServerResponse, result: object): void {
  const isData = Buffer.isBuffer(result);
  response.writeHead(200, {
    'content-type': isData ? 'application/octet-stream' : 'application/json',
  });
  response.end(isData ? result : JSON.stringify(result));
}

function refuse(response: ServerResponse, error: unknown): void {
  const known = error instanceof ArrayError ? error : new ArrayError('internal', String(error));
  const { code, message, heldBy } = known;
  response.writeHead(ARRAY_ERRORS[code], { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code, message, heldBy }));
}
