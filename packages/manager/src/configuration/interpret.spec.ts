import { DRIVER, DRIVERS, NFS_CLASS } from './spec-support/configuration-files.js';
import type { Interpreted } from './interpret.js';
import { interpret } from './interpret.js';
import { describeProblem } from './problems.js';
import { readCinderConf } from './read-cinder-conf.js';
import { readYaml } from './read-yaml.js';

const ONE = ['enabled_backends: [one]', 'backends: {one: {volume_driver: ./driver.js}}'];

function yaml(...lines: string[]): Interpreted {
  return interpret(readYaml('/etc/s.yaml', lines.join('\n')), DRIVERS);
}

function conf(...lines: string[]): Interpreted {
  return interpret(readCinderConf('/etc/c.conf', lines.join('\n')), DRIVERS);
}

function problems({ problems: all }: Interpreted): string[] {
  return all.map((problem) => `${describeProblem(problem)} (${problem.level})`);
}

describe('general settings', () => {
  it('have defaults', () => {
    const read = yaml(...ONE);
    expect(problems(read)).toEqual([]);
    expect(read.configuration).toEqual({
      file: '/etc/s.yaml',
      statePath: '/etc/state',
      databaseUrl: 'sqlite:/etc/state/scoria.db',
      enabledBackends: ['one'],
      backends: [{ name: 'one', driver: './driver.js', options: {}, optionsAreText: false }],
      quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
      listen: { host: '127.0.0.1', port: 8776 },
      backendConcurrency: 16,
      statsIntervalMs: 60_000,
      logLevel: 'info',
    });
  });

  it('mean what is written', () => {
    const read = yaml(
      'state_path: ../srv/scoria',
      'database: {connection: "postgresql://scoria@db/records"}',
      'default_volume_type: gold',
      'quota_volumes: 1',
      'quota_snapshots: "2"',
      'quota_gigabytes: -1',
      'listen: "[::1]:80"',
      'backend_concurrency: 4',
      'backend_stats_polling_interval: 3',
      'log_level: debug',
      ...ONE,
    );
    expect(problems(read)).toEqual([]);
    expect(read.configuration).toMatchObject({
      statePath: '/srv/scoria',
      databaseUrl: 'postgresql://scoria@db/records',
      defaultVolumeType: 'gold',
      quotas: { volumes: 1, snapshots: 2, gigabytes: -1 },
      listen: { host: '::1', port: 80 },
      backendConcurrency: 4,
      statsIntervalMs: 3000,
      logLevel: 'debug',
    });
  });

  it.each([
    ['state_path: 5', 'state_path must be a directory'],
    ['quota_volumes: ten', 'quota_volumes must be a whole number, or -1 for no limit'],
    ['quota_gigabytes: -2', 'quota_gigabytes must be a whole number, or -1 for no limit'],
    ['listen: 8776', 'listen must be HOST:PORT'],
    ['listen: a:70000', 'listen must be HOST:PORT'],
    ['backend_concurrency: 0', 'backend_concurrency must be a whole number from 1'],
    [
      'backend_stats_polling_interval: 2',
      'backend_stats_polling_interval must be a whole number of seconds from 3',
    ],
    ['log_level: loud', 'log_level must be error, warn, info or debug'],
    ['log_levle: info', 'there is no setting log_levle; did you mean log_level?'],
    ['frobnicate: 1', 'there is no setting frobnicate'],
    ['listen: *no', 'listen: it has an alias (*) that stands for nothing above it'],
  ])('are not %j', (line, expected) => {
    const [problem, ...more] = problems(yaml(line, ...ONE));
    expect(problem).toContain(`/etc/s.yaml:1:1: ${expected}`);
    expect(more).toEqual([]);
  });

  it('quote no secret of a database', () => {
    const read = yaml('database:', '  connection: mysql://cinder:hunter2@db/cinder', ...ONE);
    expect(problems(read)).toEqual([
      '/etc/s.yaml:2:3: database.connection must be sqlite:/absolute/path or postgresql://user@host/database (error)',
    ]);
  });

  it('of cinder.conf that have no meaning here are warnings, and its database is not touched', () => {
    const read = conf(
      '[DEFAULT]',
      'enabled_backends = one',
      'quota_volume = 3',
      'transport_url = rabbit://openstack:hunter2@mq',
      '[database]',
      'connection = postgresql://cinder:hunter2@db/cinder',
      '[one]',
      'volume_driver = ./driver.js',
      '[keystone_authtoken]',
      'password = hunter2',
    );
    expect(problems(read)).toEqual([
      '/etc/c.conf:3: quota_volume has no meaning here and is ignored; did you mean quota_volumes? (warning)',
      '/etc/c.conf:4: transport_url has no meaning here and is ignored (warning)',
      "/etc/c.conf:6: [database] connection is Cinder's own database and is not touched: the records are kept in " +
        'state_path/scoria (warning)',
      '/etc/c.conf:9: [keystone_authtoken] has no meaning here and is ignored (warning)',
    ]);
    expect(read.configuration).toMatchObject({
      statePath: '/var/lib/cinder/scoria',
      databaseUrl: 'sqlite:/var/lib/cinder/scoria/scoria.db',
    });
  });

  it('of cinder.conf that refer to themselves are errors', () => {
    const [problem] = problems(conf('[DEFAULT]', 'state_path = /a', 'quota_volumes = $quota_volumes'));
    expect(problem).toBe('/etc/c.conf:1: no backend is enabled: name them in enabled_backends (error)');
    expect(problems(conf('[DEFAULT]', 'quota_volumes = $quota_volumes'))).toContain(
      '/etc/c.conf:2: quota_volumes: it refers to itself (error)',
    );
  });
});

describe('backends', () => {
  it('of cinder.conf have text, and the driver that Cinder calls by its class', () => {
    const read = conf(
      '[DEFAULT]',
      'enabled_backends = A',
      '[backend_defaults]',
      'x = 1',
      '[a]',
      `volume_driver = ${NFS_CLASS}`,
      'y = 2',
    );
    expect(read.configuration.backends).toEqual([
      { name: 'A', driver: DRIVER, options: { x: '1', y: '2' }, optionsAreText: true },
    ]);
    expect([read.placeOfOption('A', 'x')?.line, read.placeOfOption('A', 'z')?.line]).toEqual([4, 5]);
  });

  it('that are written wrongly are each told of, and do not stop the others', () => {
    const read = yaml(
      'enabled_backends: [right, rigth, none, text, strange, class, package, "../up", alias]',
      'backends:',
      '  right: {volume_driver: ./driver.js, a: 1}',
      '  none: {}',
      '  text: hunter2',
      '  class: {volume_driver: cinder.volume.drivers.nfs.NfsDrivre}',
      '  package: {volume_driver: "@scoria/driver-lokal"}',
      '  "../up": {volume_driver: ./driver.js}',
      '  alias: {volume_driver: ./driver.js, a: *one, b: *two}',
      '  spare: {volume_driver: ./driver.js}',
      '  strange: {volume_driver: cinder.volume.drivers.lvm.LVMVolumeDriver}',
    );
    const found = problems(read);
    expect(found).toEqual([
      '/etc/s.yaml:1:1: backend rigth: it is enabled and has no section; did you mean right? (error)',
      '/etc/s.yaml:4:3: backend none: it does not say its volume_driver (error)',
      '/etc/s.yaml:5:3: backend text: it must be a table of its options; volume_driver is the first (error)',
      '/etc/s.yaml:6:11: backend class: there is no driver "cinder.volume.drivers.nfs.NfsDrivre"; ' +
        `did you mean ${NFS_CLASS}? (error)`,
      "/etc/s.yaml:8:3: backend ../up: a backend's name has letters, digits, '.', '_' and '-' only (error)",
      expect.stringMatching(/^\/etc\/s\.yaml:9:39: backend alias: a: it has an alias/),
      expect.stringMatching(/^\/etc\/s\.yaml:9:48: backend alias: b: it has an alias/),
      '/etc/s.yaml:10:3: backend spare is not in enabled_backends and is not used (warning)',
      '/etc/s.yaml:11:13: backend strange: there is no driver "cinder.volume.drivers.lvm.LVMVolumeDriver"; ' +
        `known are @scoria/driver-local, ${NFS_CLASS}, packages and paths (error)`,
    ]);
    const running = read.configuration.backends.filter(({ problem }) => problem === undefined);
    expect(running.map(({ name }) => name)).toEqual(['right', 'package']);
    expect(read.configuration.backends).toHaveLength(9);
  });

  it.each<[string, string[], RegExp]>([
    ['none', [], /^\/etc\/s\.yaml:1: no backend is enabled/],
    ['an empty list', ['enabled_backends: []'], /^\/etc\/s\.yaml:1:1: no backend is enabled/],
    [
      'one twice',
      ['enabled_backends: [a, a]', 'backends: {a: {}}'],
      /^\/etc\/s\.yaml:1:1: .*different names/,
    ],
  ])('are told of once where there is %s', (_, lines, expected) => {
    expect(problems(yaml(...lines))).toEqual([expect.stringMatching(expected)]);
  });
});
