import type { Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import { clockAt, NOW } from '@scoria/store/testing';
import { FakeLockManager } from '@scoria/testkit';
import { PostgresServer } from '../support/postgres-server.js';

let server: PostgresServer;
let stores: Store[] = [];
let lost: string[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  stores = [];
  lost = [];
});

async function open(url: string): Promise<Store> {
  const store = await openStore({
    url,
    clock: clockAt(NOW),
    lockManager: new FakeLockManager(),
    lockDirectory: '/',
    onLostConnection: ({ message }) => void lost.push(message),
  });
  stores.push(store);
  return store;
}

const limit = async (store: Store): Promise<number | undefined> => (await store.quotaUsage('p'))[0]?.limit;

describe('a database that cannot be opened', () => {
  it.each([
    ['a wrong password', (url: string) => url.replace(/:[0-9a-f]+@/, ':wrong@'), /password authentication/],
    ['no password', (url: string) => url.replace(/:[0-9a-f]+@/, '@'), /password/],
    ['a database that is not there', (url: string) => url.replace(/[^/]*$/, 'none'), /does not exist/],
    ['a port where nobody listens', (url: string) => url.replace(/:\d+\//, ':1/'), /ECONNREFUSED/],
    ['a name of several addresses', () => 'postgresql://u:p@localhost:1/db', /ECONNREFUSED/],
    ['a host that is none', () => 'postgresql://u:p@no.such.host.invalid/db', /no\.such\.host|getaddrinfo/],
    ['a socket that is not there', () => 'postgresql://u:p@%2Fnowhere/db', /ENOENT/],
    ['an address that is none', () => 'postgresql://u:p@host:port/db', /cannot be opened/],
  ])('%s is said to be unavailable', async (_, change, message) => {
    const url = change(await server.database());
    const error: unknown = await open(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('wrong');
  });

  it('one that keeps text as other than Unicode is refused', async () => {
    await server.query(
      `create database latin encoding 'LATIN1' locale 'C' locale_provider libc template template0`,
    );
    await expect(open(server.addressOf('latin'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(open(server.addressOf('latin'))).rejects.toThrow('UTF8');
  });

  it('one of a newer version is left alone', async () => {
    const url = await server.database();
    await open(url);
    await server.query(`insert into kysely_migration values ('999-later', 'now')`, url);
    await expect(open(url)).rejects.toMatchObject({ code: 'newer-schema' });
  });
});

it('a database is reached over a socket as well', async () => {
  const name = new URL(await server.database()).pathname.slice(1);
  const store = await open(server.addressOf(name, { socket: true }));
  await store.setQuotaLimit('p', 'volumes', 1);
  expect(await limit(await open(server.addressOf(name)))).toBe(1);
});

it('the server sorts by a language, where the records do not', async () => {
  expect(await server.query(`select 'a' < 'B'`, await server.database())).toEqual(['t']);
});

describe('a session that the server ends', () => {
  it('while nobody uses it is replaced, and told of', async () => {
    const url = await server.database();
    const store = await open(url);
    await store.setQuotaLimit('p', 'volumes', 1);
    expect(await server.endSessions(url)).toBeGreaterThan(0);
    while (lost.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await limit(store)).toBe(1);
    expect(lost[0]).toMatch(/terminat/);
  });

  it('within a transaction undoes it, and ends nothing else', async () => {
    const url = await server.database();
    const store = await open(url);
    const undone = store.transaction(async (records) => {
      await records.setQuotaLimit('p', 'volumes', 1);
      await server.endSessions(url, `state = 'idle in transaction'`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await records.setQuotaLimit('p', 'volumes', 2);
    });
    await expect(undone).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect(await limit(store)).toBe(-1);
    await store.ping();
  });

  it('while it waits for a lock undoes the transaction that waits', async () => {
    const url = await server.database();
    const [one, other] = [await open(url), await open(url)];
    await one.addQuotaUsage('p', 'volumes', 1);
    let waiting: Promise<unknown> | undefined;
    await one.transaction(async (records) => {
      await records.addQuotaUsage('p', 'volumes', 1);
      waiting = other.addQuotaUsage('p', 'volumes', 1).catch((error: unknown) => error);
      while ((await server.endSessions(url, `wait_event_type = 'Lock'`)) === 0);
    });
    expect(await waiting).toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect((await other.quotaUsage('p'))[0]?.inUse).toBe(2);
  });

  it("ends the owner that it was: it is told, and looked for like anyone's", async () => {
    const url = await server.database();
    const [one, other] = [await open(url), await open(url)];
    const owner = await one.owners.register();
    expect(await other.owners.deadAmong([owner.id])).toEqual([]);
    await server.endSessions(url, `query like '%pg_advisory_lock%'`);
    expect(await owner.lost).toMatchObject({ name: 'StoreError', code: 'unavailable' });
    // The server tells it before it has freed what the session held.
    for (const { owners } of [one, other])
      while ((await owners.deadAmong([owner.id])).join() !== owner.id)
        await new Promise((resolve) => setTimeout(resolve, 10));
    await owner.release();
    const next = await one.owners.register();
    expect(await other.owners.deadAmong([next.id])).toEqual([]);
  });
});

it('an owner and a look for the dead say that the database is gone', async () => {
  const url = await server.database();
  const name = new URL(url).pathname.slice(1);
  const store = await open(url);
  await server.endSessions(url);
  await server.query(`alter database ${name} rename to ${name}_gone`);
  await expect(store.owners.register()).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.owners.deadAmong(['x'])).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.ping()).rejects.toMatchObject({ code: 'unavailable' });
});
