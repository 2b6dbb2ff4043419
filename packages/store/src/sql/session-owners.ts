import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { StoreError } from '../errors.js';
import type { Owner, OwnerRegistry } from '../store.js';
import { advisoryKey } from './advisory-key.js';
import { toStoreError } from './to-store-error.js';

const CONNECT_MS = 10_000;
const QUERY_MS = 30_000;

/** Owners by advisory locks, each of a session of its own: the server frees them when the session is gone. */
export class SessionOwners implements OwnerRegistry {
  readonly #mine = new Map<string, pg.Client>();

  constructor(private readonly url: string) {}

  async register(): Promise<Owner> {
    const id = randomUUID();
    const client = await this.#connect();
    const lost = this.#whenLost(id, client);
    try {
      await client.query('select pg_advisory_lock($1::bigint)', [keyOf(id)]);
    } catch (error) {
      await client.end();
      throw toStoreError('an owner could not be registered', error);
    }
    this.#mine.set(id, client);
    const release = () => this.#release(id);
    return { id, lost, release, [Symbol.asyncDispose]: release };
  }

  async deadAmong(ids: readonly string[]): Promise<string[]> {
    const others = ids.filter((id) => !this.#mine.has(id));
    if (others.length === 0) return [];
    const client = await this.#connect();
    // What becomes of the connection is what becomes of the query.
    client.on('error', () => undefined);
    try {
      return await freeAmong(client, others);
    } catch (error) {
      throw toStoreError('owners could not be looked for', error);
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    for (const id of this.#mine.keys()) await this.#release(id);
  }

  /** Resolves when the session is gone and nobody gave it up: then it is ours no more, and looked for like others. */
  async #whenLost(id: string, client: pg.Client): Promise<Error> {
    return new Promise((resolve) => {
      const onLost = (cause: Error): void => {
        if (this.#mine.get(id) !== client) return;
        this.#mine.delete(id);
        resolve(lostError(id, cause));
      };
      client.on('error', onLost);
      client.on('end', () => onLost(new Error('the session with the database has ended')));
    });
  }

  async #connect(): Promise<pg.Client> {
    try {
      const client = new pg.Client({
        connectionString: this.url,
        keepAlive: true,
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: QUERY_MS,
      });
      await client.connect();
      return client;
    } catch (error) {
      throw toStoreError('the database cannot be reached', error);
    }
  }

  async #release(id: string): Promise<void> {
    const client = this.#mine.get(id);
    this.#mine.delete(id);
    await client?.end();
  }
}

function keyOf(id: string): string {
  return advisoryKey('owner', id);
}

/** Looked for together with others who look at the same moment: the lock that is tried is a shared one. */
async function freeAmong(client: pg.Client, ids: readonly string[]): Promise<string[]> {
  const free: string[] = [];
  for (const id of ids) {
    const { rows } = await client.query<{ free: boolean }>(
      'select pg_try_advisory_lock_shared($1::bigint) as free',
      [keyOf(id)],
    );
    if (rows[0]?.free !== true) continue;
    free.push(id);
    await client.query('select pg_advisory_unlock_shared($1::bigint)', [keyOf(id)]);
  }
  return free;
}

function lostError(id: string, cause: Error): StoreError {
  return new StoreError({
    code: 'unavailable',
    message: `the owner ${id} has lost its session with the database: others may take its work over`,
    cause,
  });
}
