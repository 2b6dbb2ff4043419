import type { CloudAnswer } from '@scoria/testkit';
import { FakeClock, FakeCloud } from '@scoria/testkit';
import { createTokenCheck } from '../create-nova-compute.js';
import { everythingIn, SECRET, settingsOf } from '../spec-support/cloud-settings.js';
import type { TokenCheck } from './token-check.js';

interface Stage {
  readonly clock: FakeClock;
  readonly check: TokenCheck;
  readonly token: string;
}

function stageOn(cloud: FakeCloud): Stage {
  const clock = new FakeClock();
  const check = createTokenCheck(settingsOf(cloud), { clock });
  return { clock, check, token: cloud.keystone.issue(cloud.keystone.users[0]!) };
}

const questions = (cloud: FakeCloud): number => cloud.to('GET', '/auth/tokens').length;

describe('a token that Keystone is asked about', () => {
  it('is good, with its project and roles, and asked about once in a while only', async () => {
    await using cloud = await FakeCloud.start();
    const { check, token, clock } = stageOn(cloud);
    const expected = { projectId: cloud.keystone.users[0]?.projectId, roles: ['admin', 'service'] };
    expect(await Promise.all([check.check(token), check.check(token)])).toEqual([expected, expected]);
    await clock.advance(29_999);
    await check.check(token);
    expect(questions(cloud)).toBe(1);
    cloud.keystone.tokens.delete(token);
    await clock.advance(1);
    expect(await check.check(token)).toBeUndefined();
    expect(cloud.to('GET', '/auth/tokens')[0]?.headers).toMatchObject({ 'x-subject-token': token });
  });

  it('is not, where Keystone does not know it', async () => {
    await using cloud = await FakeCloud.start();
    expect(await stageOn(cloud).check.check('somebody-else')).toBeUndefined();
  });

  it('is asked about with a new token of ours where ours is not good any more', async () => {
    await using cloud = await FakeCloud.start();
    const { check, token } = stageOn(cloud);
    await check.check('another');
    for (const known of cloud.keystone.tokens.keys())
      if (known !== token) cloud.keystone.tokens.delete(known);
    expect(await check.check(token)).toMatchObject({ roles: ['admin', 'service'] });
    expect(cloud.to('POST', '/auth/tokens')).toHaveLength(2);
  });

  it('is forgotten where very many others come after it', async () => {
    await using cloud = await FakeCloud.start();
    const { check } = stageOn(cloud);
    cloud.intercept = ({ method }) => (method === 'GET' ? { status: 404 } : undefined);
    for (let index = 0; index <= 500; index += 1) await check.check(`token-${String(index)}`);
    await check.check('token-500');
    expect(questions(cloud)).toBe(501);
    await check.check('token-0');
    expect(questions(cloud)).toBe(502);
  });

  it.each<[string, CloudAnswer | 'hang', RegExp]>([
    ['takes no token of ours', { status: 401 }, /it takes none of our own tokens/],
    ['does not let us ask', { status: 403 }, /our user may not: it needs a role/],
    ['is ill', { status: 500, body: SECRET }, /its answer 500 is none/],
    ['is something else', { status: 200, body: `<html>${SECRET}</html>` }, /its answer 200 is none/],
    ['sends us elsewhere', { status: 302, headers: { location: '/' } }, /its answer 302 is none/],
    ['does not answer', 'hang', /timeout|no whole answer|Headers Timeout/i],
  ])('is neither good nor bad while Keystone %s, and asked about again', async (_, answer, expected) => {
    await using cloud = await FakeCloud.start();
    const clock = new FakeClock();
    const check = createTokenCheck(settingsOf(cloud, { timeoutMs: 100 }), { clock });
    const token = cloud.keystone.issue(cloud.keystone.users[0]!);
    cloud.intercept = ({ method }) => (method === 'GET' ? answer : undefined);
    const error: unknown = await check.check(token).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(expected) as string });
    expect(everythingIn(error)).not.toContain(SECRET);
    cloud.intercept = () => undefined;
    expect(await check.check(token)).toBeDefined();
  });

  it('is not waited for by who gives up', async () => {
    await using cloud = await FakeCloud.start();
    const { check, token } = stageOn(cloud);
    await expect(check.check(token, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });
});

it.each<[string, boolean]>([
  ['the-token', true],
  ['the-toke', false],
  ['the-token ', false],
  ['', false],
])('of a configuration with a token of its own, %j is good: %p', async (token, expected) => {
  await using cloud = await FakeCloud.start();
  const credentials = { kind: 'token', token: 'the-token', endpoint: cloud.url } as const;
  const check = createTokenCheck(settingsOf(cloud, { credentials }), { clock: new FakeClock() });
  expect(await check.check(token)).toEqual(expected ? { roles: ['service'] } : undefined);
  expect(cloud.requests).toEqual([]);
});
