import { describeDatabase, hasPassword, isDatabaseUrl } from './database-url.js';

it.each<[string, boolean]>([
  ['sqlite:/srv/records.db', true],
  ['sqlite:records.db', false],
  ['sqlite:/srv/', false],
  ['sqlite:', false],
  ['postgresql://scoria@db/records', true],
  ['postgres://scoria:pw@db:5433/records?sslmode=require', true],
  ['postgresql:///records?host=/run/postgresql', true],
  ['postgresql://db:no-port/records', false],
  ['mysql+pymysql://cinder:pw@db/cinder', false],
  ['', false],
])('%s can be used: %p', (url, expected) => {
  expect(isDatabaseUrl(url)).toBe(expected);
});

it.each<[string, boolean, string]>([
  ['sqlite:/srv/records.db', false, 'SQLite, /srv/records.db'],
  ['postgresql://scoria@db/records', false, 'PostgreSQL, db/records'],
  ['postgresql://scoria:hunter2@db:5433/records', true, 'PostgreSQL, db:5433/records'],
  ['postgresql:///records?host=/run&password=hunter2', true, 'PostgreSQL, by its socket/records'],
])('%s has a password: %p; for people it is %s', (url, password, described) => {
  expect(hasPassword(url)).toBe(password);
  expect(describeDatabase(url)).toBe(described);
});
