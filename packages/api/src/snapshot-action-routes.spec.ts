import { DriverError } from '@scoria/core';
import type { CheckedToken, TokenCheck, VolumeManager } from '@scoria/manager';
import { ManagerError } from '@scoria/manager';
import { createServer } from './create-server.js';

const SNAPSHOT = '22222222-2222-4222-8222-222222222222';
const URL_OF_PROJECT = `/v3/service-id/snapshots/${SNAPSHOT}/action`;
const REPORT = { 'os-update_snapshot_status': { status: 'creating', progress: '90%' } };

const TOKENS: Readonly<Record<string, CheckedToken>> = {
  nova: { projectId: 'service-id', roles: ['service'] },
  admin: { projectId: 'service-id', roles: ['member', 'admin'] },
  user: { projectId: 'service-id', roles: ['member', 'reader'] },
  foreign: { projectId: 'other-id', roles: ['admin'] },
  fixed: { roles: ['service'] },
};
const tokens: TokenCheck = {
  check: async (token) => {
    if (token === 'nobody-can-say')
      throw new DriverError({ code: 'unavailable', message: 'Keystone is not to be had' });
    return Promise.resolve(TOKENS[token]);
  },
};

interface Sent {
  readonly url?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly refuse?: Error;
  readonly check?: TokenCheck | undefined;
}

async function send(sent: Sent): Promise<{ status: number; body: string; reports: unknown[] }> {
  const reports: unknown[] = [];
  const manager: Partial<VolumeManager> = {
    reportSnapshot: async (...args) => {
      if (sent.refuse !== undefined) throw sent.refuse;
      reports.push(args);
      return Promise.resolve();
    },
  };
  const check = 'check' in sent ? sent.check : tokens;
  await using server = createServer(manager as VolumeManager, { serviceTokens: check });
  const token = 'token' in sent ? sent.token : 'nova';
  const answer = await server.inject({
    method: 'POST',
    url: sent.url ?? URL_OF_PROJECT,
    headers: {
      'content-type': 'application/json',
      'x-openstack-request-id': 'req-1',
      ...(token === undefined ? {} : { 'x-auth-token': token }),
    },
    payload: typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body ?? REPORT),
  });
  return { status: answer.statusCode, body: answer.body, reports };
}

describe('a report on a snapshot', () => {
  it.each<[string, Sent]>([
    ['a service', {}],
    ['an administrator', { token: 'admin' }],
    ['a service with a token of no project', { token: 'fixed' }],
    ['a service whose catalog has no project', { token: 'foreign', url: `/v3/snapshots/${SNAPSHOT}/action` }],
  ])('is taken from %s', async (_, sent) => {
    const { status, body, reports } = await send(sent);
    expect({ status, body }).toEqual({ status: 202, body: '' });
    const projectId = sent.url === undefined ? 'service-id' : '';
    expect(reports).toEqual([
      [{ projectId, requestId: 'req-1' }, SNAPSHOT, { status: 'creating', progress: '90%' }],
    ]);
  });

  it.each([
    [{ status: 'error' }],
    [{ status: 'error', progress: null }],
    [{ status: 'error', progress: '' }],
  ])('may have no progress: %j', async (report) => {
    const { reports } = await send({ body: { 'os-update_snapshot_status': report } });
    expect(reports).toMatchObject([[{}, SNAPSHOT, { status: 'error' }]]);
  });

  it.each<[string, Sent, number, string, RegExp]>([
    ['nobody', { token: undefined }, 401, 'unauthorized', /no X-Auth-Token/],
    ['an empty token', { token: '' }, 401, 'unauthorized', /no X-Auth-Token/],
    ['a token without an end', { token: 'x'.repeat(9000) }, 401, 'unauthorized', /no X-Auth-Token/],
    ['a token that is not good', { token: 'stolen' }, 401, 'unauthorized', /not valid/],
    ['a user', { token: 'user' }, 403, 'forbidden', /needs the role service or admin/],
    [
      'another project',
      { token: 'foreign' },
      400,
      'badRequest',
      /for another project than the address, "service-id"/,
    ],
    ['somebody unknown', { token: 'nobody-can-say' }, 503, 'serviceUnavailable', /Keystone is not to be had/],
    ['a user whose report is wrong too', { token: 'user', body: {} }, 403, 'forbidden', /role/],
  ])('is not taken from %s', async (_, sent, status, name, message) => {
    const answer = await send(sent);
    expect(answer).toMatchObject({ status, reports: [] });
    expect(JSON.parse(answer.body)).toEqual({
      [name]: { code: status, message: expect.stringMatching(message) as string },
    });
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no JSON', '{'],
    ['no object', []],
    ['another action', { 'os-reset_status': { status: 'available' } }],
    ['two actions', { ...REPORT, 'os-reset_status': {} }],
    ['no status', { 'os-update_snapshot_status': {} }],
    ['a status that is a number', { 'os-update_snapshot_status': { status: 1 } }],
    ['more than is asked for', { 'os-update_snapshot_status': { status: 'error', volume_id: 'x' } }],
  ])('is refused with %s', async (_, body) => {
    const answer = await send({ body });
    expect(answer).toMatchObject({ status: 400, reports: [] });
    expect(JSON.parse(answer.body)).toEqual({
      badRequest: { code: 400, message: expect.any(String) as string },
    });
  });

  it('is refused where it is very long', async () => {
    const body = { 'os-update_snapshot_status': { status: 'x'.repeat(2 * 1024 * 1024) } };
    expect(await send({ body })).toMatchObject({ status: 413, reports: [] });
  });

  it.each([
    ['invalid-input', 400, 'badRequest'],
    ['not-found', 404, 'itemNotFound'],
    ['conflict', 409, 'conflictingRequest'],
    ['backend-down', 503, 'serviceUnavailable'],
  ] as const)('that the manager refuses (%s) is %d', async (code, status, name) => {
    const answer = await send({ refuse: new ManagerError({ code, message: 'so it is' }) });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ [name]: { code: status, message: 'so it is' } });
  });

  it('that fails for a reason of ours does not tell it', async () => {
    const answer = await send({ refuse: new Error('/var/lib/secret: hunter2') });
    expect(JSON.parse(answer.body)).toEqual({
      computeFault: { code: 500, message: 'the request could not be carried out' },
    });
  });

  it('is taken from nobody where nobody can be told from anybody else', async () => {
    const answer = await send({ check: undefined });
    expect(answer).toMatchObject({ status: 404, reports: [] });
  });
});

describe('a snapshot that a compute service works on', () => {
  const record = {
    id: SNAPSHOT,
    volumeId: '11111111-1111-4111-8111-111111111111',
    name: 'monday',
    projectId: 'somebody',
    sizeBytes: 2 * 1024 ** 3,
    status: 'creating',
    metadata: { a: 'b' },
    computeReport: { during: 'creating', status: 'creating', progress: '90%' },
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-02T00:00:00Z',
  };

  async function get(token: string | undefined, found: object | Error = record): Promise<[number, unknown]> {
    const manager = {
      reportedSnapshot: async () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
    };
    await using server = createServer(manager as unknown as VolumeManager, { serviceTokens: tokens });
    const headers = token === undefined ? {} : { 'x-auth-token': token };
    const answer = await server.inject({ url: `/v3/service-id/snapshots/${SNAPSHOT}`, headers });
    return [answer.statusCode, answer.json()];
  }

  it('is shown to a service, with how far it is', async () => {
    const [status, body] = await get('nova');
    expect(status).toBe(200);
    expect(body).toEqual({
      snapshot: {
        id: SNAPSHOT,
        name: 'monday',
        description: null,
        status: 'creating',
        size: 2,
        volume_id: record.volumeId,
        metadata: { a: 'b' },
        created_at: record.createdAt,
        updated_at: record.updatedAt,
        'os-extended-snapshot-attributes:progress': '90%',
        'os-extended-snapshot-attributes:project_id': 'somebody',
      },
    });
  });

  it.each([
    ['done', { ...record, status: 'available' }, '100%'],
    ['not begun', { ...record, computeReport: undefined }, '0%'],
  ])('has the progress of one that is %s', async (_what, found, progress) => {
    const [, body] = await get('nova', found);
    expect(body).toMatchObject({ snapshot: { 'os-extended-snapshot-attributes:progress': progress } });
  });

  it.each([
    [undefined, 401],
    ['unknown', 401],
    ['user', 403],
  ])('is not shown for the token %s', async (token, expected) => {
    expect((await get(token))[0]).toBe(expected);
  });

  it('that is not there is not found', async () => {
    const gone = new ManagerError({ code: 'not-found', message: 'there is no such snapshot' });
    expect((await get('nova', gone))[0]).toBe(404);
  });
});
