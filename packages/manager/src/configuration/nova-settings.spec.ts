import type { Configuration } from '../configuration.js';
import { checkConfiguration } from './check-configuration.js';
import { interpret } from './interpret.js';
import { describeProblem } from './problems.js';
import { readCinderConf } from './read-cinder-conf.js';
import { readYaml } from './read-yaml.js';
import { ConfigurationFiles, DRIVER, DRIVERS } from './spec-support/configuration-files.js';

const ONE = ['enabled_backends: [one]', 'backends: {one: {volume_driver: ./driver.js}}'];
const CONF = ['[DEFAULT]', 'enabled_backends = one', '[one]', 'volume_driver = ./driver.js'];
const SECRET = 'hunter2';

interface Read {
  readonly nova: Configuration['nova'];
  readonly said: string[];
}

function yaml(...lines: string[]): Read {
  const text = [...ONE, 'nova:', ...lines.map((line) => `  ${line}`)].join('\n');
  const { configuration, problems } = interpret(readYaml('/etc/s.yaml', text), DRIVERS);
  return { nova: configuration.nova, said: problems.map(describeProblem) };
}

function conf(...lines: string[]): Read {
  const text = [...CONF, ...lines].join('\n');
  const { configuration, problems } = interpret(readCinderConf('/etc/c.conf', text), DRIVERS);
  return { nova: configuration.nova, said: problems.map(describeProblem) };
}

const LOGIN = [
  'auth_url: https://keystone:5000',
  'username: cinder',
  `password: ${SECRET}`,
  'project_name: service',
];

describe('the compute service', () => {
  it('is reached as scoria.yaml says', () => {
    const { nova, said } = yaml(
      ...LOGIN,
      'user_domain_name: Default',
      'project_domain_id: d1',
      'region_name: one',
      'interface: internal',
      'cafile: ca.pem',
      'insecure: false',
      'timeout: 5',
    );
    expect(said).toEqual([]);
    expect(nova).toEqual({
      credentials: {
        kind: 'password',
        authUrl: 'https://keystone:5000',
        user: { name: 'cinder', domain: { name: 'Default' } },
        password: SECRET,
        project: { name: 'service', domain: { id: 'd1' } },
      },
      region: 'one',
      interface: 'internal',
      cafile: '/etc/ca.pem',
      insecure: false,
      timeoutMs: 5000,
    });
  });

  it('is reached as a cinder.conf says that has what keystoneauth knows', () => {
    const { nova, said } = conf(
      '[nova]',
      'auth_type = password',
      'token_auth_url = http://other:5000',
      'auth_url = http://keystone:5000/v3',
      'username = cinder',
      `password = ${SECRET}`,
      'project_name = service',
      'default_domain_name = Default',
      'insecure = True',
      'collect-timing = false',
    );
    expect(said).toEqual(['/etc/c.conf:14: nova.collect-timing has no meaning here and is ignored']);
    expect(nova).toEqual({
      credentials: {
        kind: 'password',
        authUrl: 'http://keystone:5000/v3',
        user: { name: 'cinder', domain: { name: 'Default' } },
        password: SECRET,
        project: { name: 'service', domain: { name: 'Default' } },
      },
      interface: 'public',
      insecure: true,
      timeoutMs: 60_000,
    });
  });

  it.each<[string, string[], object]>([
    [
      'ids in place of names',
      ['token_auth_url: http://k', 'user_id: u1', `password: ${SECRET}`, 'project_id: p1'],
      {
        kind: 'password',
        authUrl: 'http://k',
        user: { id: 'u1' },
        password: SECRET,
        project: { id: 'p1' },
      },
    ],
    [
      'an application credential',
      [
        'auth_type: v3applicationcredential',
        'auth_url: http://k',
        'application_credential_id: c1',
        `application_credential_secret: ${SECRET}`,
      ],
      { kind: 'application-credential', authUrl: 'http://k', credential: { id: 'c1' }, secret: SECRET },
    ],
    [
      "a user's application credential",
      [
        'auth_type: v3applicationcredential',
        'auth_url: http://k',
        'application_credential_name: c',
        'username: u',
        `application_credential_secret: ${SECRET}`,
      ],
      {
        kind: 'application-credential',
        authUrl: 'http://k',
        credential: { name: 'c', user: { name: 'u', domain: { id: 'default' } } },
        secret: SECRET,
      },
    ],
    [
      'a token',
      ['auth_type: admin_token', `token: ${SECRET}`, 'endpoint: http://nova/v2.1'],
      { kind: 'token', token: SECRET, endpoint: 'http://nova/v2.1' },
    ],
  ])('is reached with %s', (_, lines, credentials) => {
    const { nova, said } = yaml(...lines);
    expect(said).toEqual([]);
    expect(nova?.credentials).toEqual(credentials);
  });

  it.each<[string, string[], string[]]>([
    [
      'what is missing',
      ['username: cinder'],
      [
        '/etc/s.yaml:4:3: nova.auth_url is required for auth_type password and not set',
        '/etc/s.yaml:4:3: nova.password is required for auth_type password and not set',
        '/etc/s.yaml:4:3: nova.project_name is required for auth_type password and not set',
      ],
    ],
    [
      'what is missing of a credential',
      ['auth_type: v3applicationcredential', 'auth_url: http://k'],
      [
        '/etc/s.yaml:4:3: nova.application_credential_id is required for auth_type v3applicationcredential and not set',
        '/etc/s.yaml:4:3: nova.application_credential_secret is required for auth_type v3applicationcredential and not set',
      ],
    ],
    [
      'an unknown way to log in',
      ['auth_type: kerberos'],
      ['/etc/s.yaml:4:3: nova.auth_type must be password, v3password, v3applicationcredential, admin_token'],
    ],
    [
      'an address with a password in it',
      [`auth_url: http://u:${SECRET}@k`],
      ['/etc/s.yaml:4:3: nova.auth_url must be an address (http:// or https://) without a user in it'],
    ],
    [
      'an address of a file',
      ['auth_url: file:///etc/passwd'],
      ['/etc/s.yaml:4:3: nova.auth_url must be an address (http:// or https://) without a user in it'],
    ],
    [
      'a password that is a list',
      [`password: [${SECRET}]`],
      ['/etc/s.yaml:4:3: nova.password must be text; in quotes where it looks like a number'],
    ],
    [
      'a misspelt setting',
      ['pasword: hunter2'],
      [
        '/etc/s.yaml:4:3: nova.auth_url is required for auth_type password and not set',
        '/etc/s.yaml:4:3: nova.username is required for auth_type password and not set',
        '/etc/s.yaml:4:3: nova.password is required for auth_type password and not set',
        '/etc/s.yaml:4:3: nova.project_name is required for auth_type password and not set',
      ],
    ],
    [
      'an odd interface',
      ['interface: both'],
      ['/etc/s.yaml:4:3: nova.interface must be public, internal or admin'],
    ],
    ['an odd flag', ['insecure: maybe'], ['/etc/s.yaml:4:3: nova.insecure must be true or false']],
    ['no time', ['timeout: 0'], ['/etc/s.yaml:4:3: nova.timeout must be a whole number of seconds from 1']],
  ])('is not reached with %s, which is told without secrets', (_, lines, expected) => {
    const { nova, said } = yaml(...lines);
    expect(nova).toBeUndefined();
    expect(said.join('\n')).not.toContain(SECRET);
    expect(said).toEqual(expect.arrayContaining(expected));
  });

  it('is nearly named', () => {
    expect(yaml('pasword: x').said).toContain(
      '/etc/s.yaml:4:3: there is no setting nova.pasword; did you mean nova.password?',
    );
  });

  it('of a cinder.conf without a way to log in is not used', () => {
    const { nova, said } = conf('[nova]', 'region_name = one');
    expect(nova).toBeUndefined();
    expect(said).toEqual([
      '/etc/c.conf:6: nova.auth_type is not set: the compute service is not asked for anything',
    ]);
  });

  it('may be the name of a backend', () => {
    const { nova, said } = conf('[nova]', 'volume_driver = ./driver.js', 'password = x');
    expect(nova).toBeUndefined();
    expect(said).toEqual(['/etc/c.conf:5: backend nova is not in enabled_backends and is not used']);
  });

  it('is there for nobody who has none', () => {
    expect(interpret(readYaml('/etc/s.yaml', ONE.join('\n')), DRIVERS).configuration).not.toHaveProperty(
      'nova',
    );
  });
});

describe('checking how the compute service is reached', () => {
  it.each<[string, number, string[], string[]]>([
    ['nothing', 0o600, [], []],
    [
      'a password that every user can read',
      0o644,
      [],
      ['it has secrets in it and every user can read it; chmod o-r it (warning)'],
    ],
    [
      'certificates that are not there',
      0o600,
      ['cafile: nowhere.pem'],
      [expect.stringMatching(/^nova\.cafile nowhere\.pem cannot be read: .*ENOENT.* \(error\)$/) as string],
    ],
    [
      'certificates that are not looked at',
      0o600,
      ['insecure: true'],
      ['nova.insecure: whoever is between here and the compute service can read the password (warning)'],
    ],
  ])('finds %s', async (_, mode, lines, expected) => {
    await using files = await ConfigurationFiles.open();
    const backend = [
      'enabled_backends: [one]',
      `backends: {one: {volume_driver: "${DRIVER}", array_name: a}}`,
    ];
    const text = [...backend, 'nova:', ...[...LOGIN, ...lines].map((line) => `  ${line}`)];
    const file = await files.write('s.yaml', text, mode);
    const { problems } = await checkConfiguration(files.source({ file }));
    const said = problems.map(({ text: what, level }) => `${what} (${level})`);
    expect(said.map((one) => one.replaceAll(`${files.directory}/`, ''))).toEqual(expected);
    expect(said.join('\n')).not.toContain(SECRET);
  });
});
