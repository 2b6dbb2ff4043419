import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { StoreError } from '../errors.js';
import type { Owner, OwnerRegistry } from '../store.js';

/** A 64-bit key of an id, as PostgreSQL's advisory locks want it. */
function keyOf(id: string): string {
  return createHash('sha256').update(`scoria owner ${id}`).digest().readBigInt64BE(0).toString();
}

/** Owners by advisory locks, each of a session of its own: the server frees them when the session is gone. */
export class SessionOwners implements OwnerRegistry {
  readonly #mine = new Map<string, pg.Client>();

  constructor(private readonly url: string) {}

  async register(): Promise<Owner> {
    const id = randomUUID();
    const client = await this.#connect();
    const lost = new Promise<Error>((resolve) => {
      client.on('error', resolve);
      client.on('end', () => resolve(new Error('the session with the database has ended')));
    });
    await client.query('select pg_advisory_lock($1::bigint)', [keyOf(id)]);
    this.#mine.set(id, client);
    const release = () => this.#release(id);
    return { id, lost: lost.then((cause) => lostError(id, cause)), release, [Symbol.asyncDispose]: release };
  }

  async deadAmong(ids: readonly string[]): Promise<string[]> {
    const others = ids.filter((id) => !this.#mine.has(id));
    if (others.length === 0) return [];
    const client = await this.#connect();
    try {
      const dead: string[] = [];
      for (const id of others) if (await isFree(client, keyOf(id))) dead.push(id);
      return dead;
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    for (const id of this.#mine.keys()) await this.#release(id);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: 30_000,
    });
    await client.connect();
    return client;
  }

  async #release(id: string): Promise<void> {
    const client = this.#mine.get(id);
    this.#mine.delete(id);
    await client?.end();
  }
}

async function isFree(client: pg.Client, key: string): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1::bigint) as free', [
    key,
  ]);
  if (rows[0]?.free !== true) return false;
  await client.query('select pg_advisory_unlock($1::bigint)', [key]);
  return true;
}

function lostError(id: string, cause: Error): StoreError {
  return new StoreError({
    code: 'unavailable',
    message: `the owner ${id} has lost its session with the database: others may take its work over`,
    cause,
  });
}
