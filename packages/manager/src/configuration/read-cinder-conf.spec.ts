import { readCinderConf } from './read-cinder-conf.js';

const CONF = [
  '[DEFAULT]',
  'enabled_backends = NFS-1, lvm',
  'state_path = /srv/cinder',
  'quota_volumes = 7',
  '[database]',
  'connection = mysql+pymysql://cinder:hunter2@db/cinder',
  '[backend_defaults]',
  'reserved_percentage = 5',
  'nfs_mount_options = vers=4',
  '[nfs-1]',
  'volume_driver = x',
  'reserved_percentage = 9',
  'nfs_mount_point_base = $state_path/mnt',
  '[keystone_authtoken]',
  'password = hunter2',
];

function read(...more: string[]): ReturnType<typeof readCinderConf> {
  return readCinderConf('/etc/cinder/cinder.conf', [...CONF, ...more].join('\n'));
}

describe('a cinder.conf', () => {
  it('has its state in a directory of its own below that of Cinder, whose database is not taken', () => {
    const { general } = read();
    expect(general.get('state_path')).toEqual({ value: '/srv/cinder/scoria', line: 3 });
    expect(general.get('quota_volumes')).toEqual({ value: '7', line: 4 });
    expect(general.has('database.connection')).toBe(false);
    expect(general.get('[database] connection')).toMatchObject({ line: 6 });
  });

  it("has it where Cinder's is unless told", () => {
    const { general } = readCinderConf('/c.conf', '');
    expect(general.get('state_path')).toEqual({ value: '/var/lib/cinder/scoria', line: 1 });
  });

  it('has what is to be otherwise in [scoria]', () => {
    const { general, sections } = read(
      '[scoria]',
      'state_path = $state_path/mine',
      'quota_volumes = 8',
      'database.connection = sqlite:/srv/records.db',
    );
    expect(general.get('state_path')).toEqual({ value: '/srv/cinder/mine', line: 17 });
    expect(general.get('quota_volumes')?.value).toBe('8');
    expect(general.get('database.connection')?.value).toBe('sqlite:/srv/records.db');
    expect([...sections.keys()]).toEqual(['NFS-1', 'keystone_authtoken']);
  });

  it('has backends as they are named in enabled_backends, above backend_defaults', () => {
    const settings = [...(read().sections.get('NFS-1')?.settings ?? [])];
    expect(Object.fromEntries(settings)).toEqual({
      reserved_percentage: { value: '9', line: 12 },
      nfs_mount_options: { value: 'vers=4', line: 9 },
      volume_driver: { value: 'x', line: 11 },
      nfs_mount_point_base: { value: '/srv/cinder/mnt', line: 13 },
    });
  });

  it('lists the lines that cannot be read', () => {
    expect(read('hunter2').problems).toEqual([
      {
        level: 'error',
        file: '/etc/cinder/cinder.conf',
        line: 16,
        text: 'this is neither [section] nor name = value',
      },
    ]);
  });
});
