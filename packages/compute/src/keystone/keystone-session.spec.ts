import { DriverError } from '@scoria/core';
import { FakeClock, FakeCloud } from '@scoria/testkit';
import type { CloudAnswer } from '@scoria/testkit';
import { HttpClient } from '../http/http-client.js';
import { everythingIn, passwordOf, SECRET } from '../spec-support/cloud-settings.js';
import type { ServiceQuery } from './catalog.js';
import { KeystoneSession } from './keystone-session.js';
import type { LoginCredentials } from './login.js';

const SERVICE: ServiceQuery = { types: ['compute'], interface: 'public', region: 'one' };

interface Stage {
  readonly clock: FakeClock;
  readonly session: KeystoneSession;
}

function stageOn(
  cloud: FakeCloud,
  service = SERVICE,
  credentials: LoginCredentials = passwordOf(cloud),
): Stage {
  const clock = new FakeClock();
  const http = new HttpClient({ insecure: false, timeoutMs: 2000 });
  return { clock, session: new KeystoneSession(credentials, service, { http, clock }) };
}

async function refusalOf(work: Promise<unknown>): Promise<DriverError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(DriverError);
  expect(everythingIn(error)).not.toContain(SECRET);
  return error as DriverError;
}

const logins = (cloud: FakeCloud): number => cloud.to('POST', '/auth/tokens').length;

describe('a login', () => {
  it('says who, of which domain, for which project', async () => {
    await using cloud = await FakeCloud.start();
    await stageOn(cloud).session.access();
    expect(cloud.requests).toMatchObject([
      {
        path: '/identity/v3/auth/tokens',
        body: {
          auth: {
            identity: {
              methods: ['password'],
              password: {
                user: { name: 'cinder', domain: { name: 'Default' }, password: 'hunter2-password' },
              },
            },
            scope: { project: { name: 'service', domain: { id: 'default' } } },
          },
        },
      },
    ]);
  });

  it.each(['', '/', '/v3', '/v3/', '/v2.0'])('finds the API where the address ends in %j', async (ending) => {
    await using cloud = await FakeCloud.start();
    const { session } = stageOn(cloud, SERVICE, {
      ...passwordOf(cloud),
      authUrl: `${cloud.authUrl}${ending}`,
    });
    expect(await session.access()).toMatchObject({ endpoint: `${cloud.url}/compute/v2.1` });
  });

  it('is possible with an application credential', async () => {
    await using cloud = await FakeCloud.start();
    const credential = { id: cloud.keystone.applicationCredential.id };
    const { secret } = cloud.keystone.applicationCredential;
    const login = { kind: 'application-credential', authUrl: cloud.authUrl, credential, secret } as const;
    const { token } = await stageOn(cloud, SERVICE, login).session.access();
    expect(cloud.keystone.tokens.has(token)).toBe(true);
    expect(cloud.requests[0]?.body).toEqual({
      auth: {
        identity: { methods: ['application_credential'], application_credential: { ...credential, secret } },
      },
    });
  });
});

describe('a token', () => {
  it('is asked for once by all that want it at the same time, and kept', async () => {
    await using cloud = await FakeCloud.start();
    const { session } = stageOn(cloud);
    const accesses = await Promise.all([session.access(), session.access(), session.access()]);
    expect(new Set([...accesses, await session.access()]).size).toBe(1);
    expect(logins(cloud)).toBe(1);
  });

  it.each([
    ['an hour', 3_600_000, 3_540_000],
    ['a hundred seconds', 100_000, 90_000],
  ])('of %s is renewed before its end', async (_, life, renewedAt) => {
    await using cloud = await FakeCloud.start();
    cloud.keystone.lifeMs = life;
    const { session, clock } = stageOn(cloud);
    const first = await session.access();
    await clock.advance(renewedAt - 1);
    expect(await session.access()).toBe(first);
    await clock.advance(1);
    expect((await session.access()).token).not.toBe(first.token);
  });

  it('that is refused is replaced, but not the one that has replaced it', async () => {
    await using cloud = await FakeCloud.start();
    const { session } = stageOn(cloud);
    const first = await session.access();
    session.refused(first);
    const second = await session.access();
    session.refused(first);
    expect(await session.access()).toBe(second);
    expect(logins(cloud)).toBe(2);
  });

  it('that was not given is asked for again by the next', async () => {
    await using cloud = await FakeCloud.start();
    const { session } = stageOn(cloud);
    cloud.intercept = () => ({ status: 500 });
    await refusalOf(session.access());
    cloud.intercept = () => undefined;
    await session.access();
    expect(logins(cloud)).toBe(2);
  });

  it('is waited for until a caller gives up, and the others still get it', async () => {
    await using cloud = await FakeCloud.start();
    const { session } = stageOn(cloud);
    const abort = new AbortController();
    const one = session.access(abort.signal);
    const other = session.access();
    abort.abort(new Error('enough'));
    expect(await refusalOf(one)).toMatchObject({ code: 'cancelled' });
    expect((await other).endpoint).toBe(`${cloud.url}/compute/v2.1`);
  });
});

describe('the catalog', () => {
  it.each<[string, ServiceQuery, string]>([
    ['an interface', { types: ['compute'], interface: 'internal' }, '/compute/v2.1'],
    ['a region', SERVICE, '/compute/v2.1'],
    ['another name of the service', { ...SERVICE, types: ['computev3', 'compute'] }, '/compute/v2.1'],
  ])('is searched by %s', async (_, service, expected) => {
    await using cloud = await FakeCloud.start();
    const { endpoint } = await stageOn(cloud, service).session.access();
    expect(endpoint).toBe(`${cloud.url}${expected}`);
  });

  it.each<[string, ServiceQuery, string]>([
    [
      'another region',
      { ...SERVICE, region: 'three' },
      'the service compute has no public endpoint in the region three, only admin in one, public in two, public in one, internal in one; see interface and region_name',
    ],
    [
      'no such service',
      { ...SERVICE, types: ['dns'] },
      'there is no service dns, only identity, compute; see interface and region_name',
    ],
  ])('with %s is refused, with what there is', async (_, service, expected) => {
    await using cloud = await FakeCloud.start();
    const refusal = await refusalOf(stageOn(cloud, service).session.access());
    expect(refusal).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(expected) as string,
    });
  });

  it.each([
    ['file:///etc/passwd', /"file:\/\/\/etc\/passwd" is no address of HTTP/],
    ['nowhere', /"nowhere" is no address of HTTP/],
  ])('does not lead to %s', async (url, expected) => {
    await using cloud = await FakeCloud.start();
    cloud.keystone.catalog = [{ type: 'compute', endpoints: [{ interface: 'public', url, region: 'one' }] }];
    expect((await refusalOf(stageOn(cloud).session.access())).message).toMatch(expected);
  });
});

describe('a wrong answer of Keystone', () => {
  const token = { expires_at: '2026-01-01T00:00:00Z', catalog: [] };
  const headers = { 'x-subject-token': 'hunter2-token' };
  it.each<[string, CloudAnswer, RegExp]>([
    [
      '401',
      { status: 401, body: 'hunter2' },
      /does not let the user cinder in: correct the name, the domain/,
    ],
    ['403', { status: 403 }, /the user cinder may not have a token/],
    [
      'a redirect',
      { status: 301, headers: { location: 'http://127.0.0.1:1/' } },
      /sends us elsewhere \(301\)/,
    ],
    ['404', { status: 404, body: 'hunter2' }, /its answer 404 is none that Keystone \(v3\) gives/],
    ['500', { status: 500, body: 'hunter2' }, /its answer 500 is none/],
    ['another success', { status: 200, headers, body: { token } }, /its answer 200 is none/],
    ['no token', { status: 201, body: { token } }, /its answer 201 is none/],
    ['no JSON', { status: 201, headers, body: '<html>hunter2</html>' }, /its answer 201 is none/],
    [
      'JSON of something else',
      { status: 201, headers, body: { token: { a: 'hunter2' } } },
      /its answer 201 is none/,
    ],
    ['a list', { status: 201, headers, body: [1] }, /its answer 201 is none/],
    ['no catalog', { status: 201, headers, body: { token: { expires_at: 'x' } } }, /only an empty list/],
  ])('(%s) is an error that says what to do', async (_, answer, expected) => {
    await using cloud = await FakeCloud.start();
    cloud.intercept = () => answer;
    const refusal = await refusalOf(stageOn(cloud).session.access());
    expect(refusal).toMatchObject({ code: 'unavailable', details: { authUrl: `${cloud.authUrl}/v3` } });
    expect(refusal.message).toMatch(expected);
    expect(refusal.message).toContain(`Keystone at ${cloud.authUrl}/v3: `);
  });

  it('(none at all) too', async () => {
    await using cloud = await FakeCloud.start();
    const credentials = { ...passwordOf(cloud), authUrl: 'http://127.0.0.1:1' };
    const refusal = await refusalOf(stageOn(cloud, SERVICE, credentials).session.access());
    expect(refusal.message).toMatch(/ECONNREFUSED.*; see auth_url, and whether it runs$/);
  });

  it('whose times make no sense costs a login each time, and works', async () => {
    await using cloud = await FakeCloud.start();
    cloud.keystone.lifeMs = -5000;
    const { session } = stageOn(cloud);
    await session.access();
    await session.access();
    expect(logins(cloud)).toBe(2);
  });
});
