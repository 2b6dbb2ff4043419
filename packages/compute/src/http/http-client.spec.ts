import { FakeCloud } from '@scoria/testkit';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CERTIFICATE, PRIVATE_KEY } from '../spec-support/certificate.js';
import type { HttpOptions } from './http-client.js';
import { HttpClient } from './http-client.js';
import { HttpFailure } from './http-failure.js';

const SECRET = 'hunter2';
const LIMITS: HttpOptions = { insecure: false, timeoutMs: 10_000, connectMs: 10_000, bodyMs: 10_000 };

async function failureOf(work: Promise<unknown>): Promise<HttpFailure> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(HttpFailure);
  return error as HttpFailure;
}

async function get(url: string, options: Partial<HttpOptions> = {}, signal?: AbortSignal): Promise<unknown> {
  const client = new HttpClient({ ...LIMITS, ...options });
  return client.send({ method: 'GET', url, headers: { 'x-auth-token': SECRET }, signal });
}

/** A server that speaks no HTTP, or little of it. */
async function rawServer(answer: string): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('sends JSON, and gives the answer whatever its status is', async () => {
  await using cloud = await FakeCloud.start();
  cloud.intercept = () => ({ status: 503, headers: { 'x-a': 'b' }, body: { c: 1 } });
  const client = new HttpClient(LIMITS);
  const url = `${cloud.url}/x?y=z`;
  const answer = await client.send({ method: 'POST', url, headers: { 'x-auth-token': 't' }, body: { a: 1 } });
  expect(answer).toMatchObject({ status: 503, text: '{"c":1}', headers: { 'x-a': 'b' } });
  expect(cloud.requests).toMatchObject([
    {
      method: 'POST',
      path: '/x',
      body: { a: 1 },
      headers: { 'content-type': 'application/json', 'x-auth-token': 't' },
    },
  ]);
});

it('does not follow a redirect, which would take the token elsewhere', async () => {
  await using cloud = await FakeCloud.start();
  cloud.intercept = () => ({ status: 302, headers: { location: `${cloud.url}/elsewhere` } });
  expect(await get(`${cloud.url}/x`)).toMatchObject({ status: 302 });
  expect(cloud.requests).toHaveLength(1);
});

describe('an answer', () => {
  it('that does not begin is given up', async () => {
    await using cloud = await FakeCloud.start();
    cloud.intercept = () => 'hang';
    expect(await failureOf(get(`${cloud.url}/x?a=${SECRET}`, { timeoutMs: 200 }))).toMatchObject({
      kind: 'timeout',
      neverSent: false,
      message: expect.stringContaining('Headers Timeout') as string,
    });
  });

  it('that does not end is given up', async () => {
    await using cloud = await FakeCloud.start();
    cloud.intercept = (_request, response) => {
      response.writeHead(200).write('{');
      return 'hang';
    };
    expect(await failureOf(get(`${cloud.url}/x`, { bodyMs: 200 }))).toMatchObject({
      kind: 'timeout',
      message: expect.stringContaining('Body Timeout') as string,
    });
  });

  it('that goes on and on, a little at a time, is given up', async () => {
    await using cloud = await FakeCloud.start();
    cloud.intercept = (_request, response) => {
      response.writeHead(200);
      const dripping = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(dripping));
      return 'hang';
    };
    const options = { timeoutMs: 100, connectMs: 100, bodyMs: 100 };
    expect(await failureOf(get(`${cloud.url}/x`, options))).toMatchObject({
      kind: 'timeout',
      message: expect.stringContaining('had no whole answer after 0.3 s') as string,
    });
  });

  it.each([
    ['a body', () => ({ status: 200, body: 'x'.repeat(5 * 1024 * 1024) })],
    ['headers', () => ({ status: 200, headers: { 'x-long': 'x'.repeat(100_000) } })],
  ])('with %s of a size that makes no sense is not taken', async (_, answer) => {
    await using cloud = await FakeCloud.start();
    cloud.intercept = answer;
    expect(await failureOf(get(`${cloud.url}/x`))).toMatchObject({ kind: 'too-large' });
  });

  it.each([
    ['is none of HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    ['is nothing', ''],
  ])('that %s is an error', async (_, answer) => {
    await using server = await rawServer(answer);
    expect(await failureOf(get(server.url))).toMatchObject({ kind: 'broken', neverSent: false });
  });
});

it.each([
  ['a port where nobody listens', 'http://127.0.0.1:1/x'],
  ['a name that there is none of', 'http://nova.invalid/x'],
])('%s is told from an answer that is lost', async (_, url) => {
  expect(await failureOf(get(url))).toMatchObject({ kind: 'unreachable', neverSent: true });
});

describe('a request', () => {
  it('that is cancelled before it begins is not sent', async () => {
    await using cloud = await FakeCloud.start();
    const signal = AbortSignal.abort(new Error('no more'));
    expect(await failureOf(get(`${cloud.url}/x`, {}, signal))).toMatchObject({ kind: 'cancelled' });
    expect(cloud.requests).toEqual([]);
  });

  it('is cancelled while it waits', async () => {
    await using cloud = await FakeCloud.start();
    const abort = new AbortController();
    cloud.intercept = () => {
      abort.abort(new Error('no more'));
      return 'hang';
    };
    const failure = await failureOf(get(`${cloud.url}/x`, { timeoutMs: 60_000 }, abort.signal));
    expect(failure).toMatchObject({ kind: 'cancelled', neverSent: false });
  });

  it('shows neither its query nor its headers when it fails', async () => {
    const failure = await failureOf(get(`http://u:${SECRET}@127.0.0.1:1/a?b=${SECRET}`));
    expect(failure.message).toContain('GET http://127.0.0.1:1/a failed');
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain(SECRET);
  });
});

describe('a certificate', () => {
  let directory: string;
  let cafile: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-compute-'));
    cafile = path.join(directory, 'ca.pem');
    await writeFile(cafile, CERTIFICATE);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  it.each<[string, () => Partial<HttpOptions>, (url: string) => string]>([
    ['is trusted by its file', () => ({ cafile }), (url) => url],
    ['is not looked at where that is wanted', () => ({ insecure: true }), (url) => url],
  ])('%s', async (_, options, at) => {
    await using cloud = await FakeCloud.start({ tls: { key: PRIVATE_KEY, cert: CERTIFICATE } });
    cloud.intercept = () => ({ status: 200 });
    expect(await get(at(cloud.url), options())).toMatchObject({ status: 200 });
  });

  it.each<[string, () => Partial<HttpOptions>, (url: string) => string, RegExp]>([
    ['of nobody that is trusted is refused', () => ({}), (url) => url, /self.signed/],
    [
      'of another host is refused',
      () => ({ cafile }),
      (url) => url.replace('localhost', '127.0.0.1'),
      /does not match|altnames/,
    ],
    [
      'in a file that is not there is refused',
      () => ({ cafile: '/nowhere/ca.pem' }),
      (url) => url,
      /the certificates in \/nowhere\/ca\.pem cannot be read: .*; see cafile/,
    ],
  ])('%s, and nothing was sent', async (_, options, at, message) => {
    await using cloud = await FakeCloud.start({ tls: { key: PRIVATE_KEY, cert: CERTIFICATE } });
    expect(await failureOf(get(at(cloud.url), options()))).toMatchObject({
      kind: 'untrusted',
      neverSent: true,
      message: expect.stringMatching(message) as string,
    });
    expect(cloud.requests).toEqual([]);
  });
});
