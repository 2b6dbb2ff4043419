import { mountBasesOf } from './mount-bases.js';

const section = (name: string, options: Readonly<Record<string, unknown>>) => ({
  name,
  driver: '@scoria/driver-nfs',
  options,
  optionsAreText: true,
});

it('are what the configuration names, and the backends own', () => {
  const backends = [
    section('one', { nfs_mount_point_base: 'mounts', nfs_shares_config: '/etc/shares' }),
    section('two', { glusterfs_mount_point_base: '/mnt/volumes' }),
    section('three', { nfs_mount_point_base: '' }),
    section('four', { nfs_mount_point_base: 4 }),
  ];
  expect(mountBasesOf({ file: '/etc/scoria/scoria.yaml', statePath: '/var/lib/scoria', backends })).toEqual([
    '/var/lib/scoria/backends/one/mnt',
    '/etc/scoria/mounts',
    '/var/lib/scoria/backends/two/mnt',
    '/mnt/volumes',
    '/var/lib/scoria/backends/three/mnt',
    '/var/lib/scoria/backends/four/mnt',
  ]);
});
