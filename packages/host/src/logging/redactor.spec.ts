import { Redactor } from './redactor.js';

const redactor = new Redactor();

describe('what looks like a secret is masked', () => {
  test.each<[text: string, masked: string]>([
    ['mount http://user:pass@host/share now', 'mount http://***@host/share now'],
    ['nfs://user:pa/ss@host', 'nfs://***@host'],
    ['https://token@host/a', 'https://***@host/a'],
    ['http://host:8776/v3/volumes', 'http://host:8776/v3/volumes'],
    ['nbd+unix:///export?socket=/run/x', 'nbd+unix:///export?socket=/run/x'],
    [
      'rbd:pool/image@snap:id=admin:key=AQB/x==:mon_host=1.2.3.4',
      'rbd:pool/image@snap:id=admin:key=***:mon_host=1.2.3.4',
    ],
    ['driver=luks,file.password=a,,b,x=1', 'driver=luks,file.password=***,x=1'],
    ['password="a b" next', 'password=*** next'],
    ['admin_token=abc&x=1', 'admin_token=***&x=1'],
    [
      'json:{"driver":"http","password":"a\\"b","url":"x"}',
      'json:{"driver":"http","password":"***","url":"x"}',
    ],
    ['{"rbd_secret" : "x"}', '{"rbd_secret" : "***"}'],
    ['"{\\"password\\": \\"open\\"}"', '"{\\"password\\": \\"***"}"'],
    ['secret,id=sec0,data=letmein,format=raw', 'secret,id=sec0,data=***,format=raw'],
    ['X-Auth-Token: gAAAA', 'X-Auth-Token: ***'],
    ['Authorization: Basic dXNlcg==', 'Authorization: Basic ***'],
    ['nothing=here, monkey=bars', 'nothing=here, monkey=bars'],
  ])('%s', (text, masked) => {
    expect(redactor.text(text)).toBe(masked);
    expect(redactor.text(masked)).toBe(masked);
  });

  test('without taking long over a long text', () => {
    const before = process.cpuUsage();
    for (const part of ['a', 'a://', 'secret,', 'password=', '"', '"key', 'http://a:'])
      redactor.text(part.repeat(65_536 / part.length));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});

describe('a registered secret is masked', () => {
  const secret = 'p,"ä/ 1';
  const knowing = new Redactor();
  knowing.register(secret);
  knowing.register('p,"ä');
  knowing.register('');

  test.each<[where: string, text: string]>([
    ['as it is', secret],
    ['within JSON', JSON.stringify({ a: secret })],
    ['within a URL', `http://host/?a=${encodeURIComponent(secret)}`],
    ['within options of QEMU', `a=${secret.replaceAll(',', ',,')},b=1`],
  ])('%s', (_where, text) => {
    expect(knowing.text(text)).not.toMatch(/ä|%C3|1\b(?!\*)(?<!b=1)/);
    expect(knowing.text(text)).toContain('***');
  });

  test('for one text only where it is given with it', () => {
    expect(knowing.text('one two', ['two'])).toBe('one ***');
    expect(knowing.text('one two')).toBe('one two');
  });
});

describe('a value is copied', () => {
  const cycle: { name: string; self?: unknown } = { name: 'a' };
  cycle.self = cycle;
  const error = Object.assign(new Error('token=abc', { cause: new Error('http://a:b@c/') }), { code: 'E1' });

  test.each<[what: string, value: unknown, expected: unknown]>([
    [
      'with its secret fields masked',
      { adminPassword: 'x', nested: [{ api_key: 'y' }] },
      { adminPassword: '***', nested: [{ api_key: '***' }] },
    ],
    ['with objects of secrets masked', { credentials: { user: 'a' } }, { credentials: '***' }],
    [
      'with fields that only sound like it',
      { monkey: 'a', keyring: undefined, token: false },
      { monkey: 'a', keyring: undefined, token: false },
    ],
    ['without cycles', cycle, { name: 'a', self: '[circular]' }],
    ['with the same object twice', [error.code, error.code], ['E1', 'E1']],
    [
      'with errors and their causes',
      error,
      {
        name: 'Error',
        message: 'token=***',
        code: 'E1',
        stack: expect.any(String) as string,
        cause: { name: 'Error', message: 'http://***@c/', stack: expect.any(String) as string },
      },
    ],
    ['to a bounded depth', [[[[[[[['deep']]]]]]]], [[[[[['[array]']]]]]]],
    [
      'without what JSON cannot have',
      { a: 10n, b: () => 1, c: Buffer.from('abc'), d: new Date(0) },
      { a: '10', b: '[function]', c: '[3 bytes]', d: '1970-01-01T00:00:00.000Z' },
    ],
    [
      'with maps and sets',
      new Map<string, unknown>([
        ['secret', 'x'],
        ['a', new Set([1])],
      ]),
      { secret: '***', a: [1] },
    ],
  ])('%s', (_what, value, expected) => {
    expect(redactor.value(value)).toEqual(expected);
  });

  test('to a bounded length', () => {
    const [text, list] = redactor.value(['x'.repeat(100_000), Array.from({ length: 1000 }, () => 1)]) as [
      string,
      number[],
    ];
    expect(text.length).toBeLessThan(17_000);
    expect(text).toMatch(/\(100000 characters\)$/);
    expect(list).toHaveLength(100);
  });
});

test('an argument after an option that names a secret is masked', () => {
  const args = ['--user', 'me', '--password', 'open', '--key=abc', '-o', 'x'];
  expect(redactor.args(args)).toEqual(['--user', 'me', '--password', '***', '--key=***', '-o', 'x']);
});
