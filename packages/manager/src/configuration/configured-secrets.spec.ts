import type { ComputeCredentials, ComputeSettings } from '@scoria/compute';
import { configuredSecrets } from './configured-secrets.js';

const SQLITE = 'sqlite:/srv/records.db';
const AUTH_URL = { authUrl: 'https://keystone' };

function nova(credentials: ComputeCredentials): { nova: ComputeSettings } {
  return { nova: { credentials, interface: 'public', insecure: false, timeoutMs: 1000 } };
}

it.each<[string, Parameters<typeof configuredSecrets>[0], string[]]>([
  ['none', { databaseUrl: SQLITE }, []],
  ['none of a database without one', { databaseUrl: 'postgresql://scoria@db/records' }, []],
  ["a database's", { databaseUrl: 'postgresql://scoria:h%2Fr@db/records' }, ['h%2Fr', 'h/r']],
  [
    "a database's that is no whole code",
    { databaseUrl: 'postgresql://scoria:h%r@db/records' },
    ['h%r', 'h%r'],
  ],
  ['that of a query', { databaseUrl: 'postgresql:///records?password=hunter2' }, ['hunter2']],
  [
    "a user's",
    {
      databaseUrl: SQLITE,
      ...nova({ kind: 'password', ...AUTH_URL, user: { id: 'u' }, password: 'p', project: { id: 'q' } }),
    },
    ['p'],
  ],
  [
    "an application's",
    {
      databaseUrl: SQLITE,
      ...nova({ kind: 'application-credential', ...AUTH_URL, credential: { id: 'c' }, secret: 's' }),
    },
    ['s'],
  ],
  [
    'a token',
    { databaseUrl: SQLITE, ...nova({ kind: 'token', token: 't', endpoint: 'https://nova' }) },
    ['t'],
  ],
])('finds %s', (_what, configuration, expected) => {
  expect(configuredSecrets(configuration)).toEqual(expected);
});
