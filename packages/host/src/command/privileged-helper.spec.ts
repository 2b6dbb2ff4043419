import { CommandError } from '@scoria/core';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountRules } from './mount-rules.js';
import { PrivilegedHelper } from './privileged-helper.js';
import type { PrivilegeOptions } from './privilege-options.js';
import { ProgramLookup } from './program-lookup.js';

let base: string;
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'scoria-mnt-')));
  await mkdir(join(base, 'share', 'below'), { recursive: true });
  await writeFile(join(base, 'file'), '');
  await symlink('/etc', join(base, 'link'));
});
afterAll(() => rm(base, { recursive: true }));

/** BASE stands for the directory of mount points. */
async function authorize(words: string, options: PrivilegeOptions = {}, isRoot = false): Promise<string> {
  const lookup = new ProgramLookup();
  const [program = '', ...args] = words.replaceAll('BASE', base).split(' ');
  const allow = [...mountRules(base), ...mountRules('/')];
  const helper = new PrivilegedHelper({ allow, ...options }, lookup, isRoot);
  const line = await helper.authorize({ file: await lookup.resolve(program), args });
  return [line.file, ...line.args].join(' ').replaceAll(base, 'BASE');
}

describe('these are allowed', () => {
  test.each([
    'mount -t nfs host:/export BASE/share',
    'mount -t nfs4 -o vers=4.2,nosuid,nodev,sec=krb5p 192.0.2.1:/a/b_c BASE/share',
    'mount -t nfs [2001:db8::1]:/export BASE/share',
    'mount -t glusterfs host:/volume BASE/share',
    'mount -t glusterfs a,b:volume/sub BASE/share',
    'mount -t glusterfs -o backup-volfile-servers=b:c,log-level=WARNING a:/volume BASE/share',
    'mount -t glusterfs -o xlator-option=*-client-*.event-threads=32,nosuid a:/volume BASE/share',
    // Mounted everywhere.
    'umount /proc',
    'umount --lazy /proc',
    'chgrp 107 /proc',
    'chgrp kvm /proc',
    'chmod 0770 /proc',
    'chmod g+rwx /proc',
  ])('%s', async (words) => {
    expect(await authorize(words)).toMatch(`/sudo -n /usr/bin/${words}`);
  });
});

describe('these are not allowed', () => {
  test.each([
    'mount',
    'mount -t ext4 /dev/sda BASE/share',
    'mount -t nfs host:/export /etc/x',
    'mount -t nfs host:/export BASE',
    'mount -t nfs host:/export BASE/',
    'mount -t nfs host:/export BASE/share/',
    'mount -t nfs host:/export BASE/share/below',
    'mount -t nfs host:/export BASE/../etc',
    'mount -t nfs host:/export BASE/link',
    'mount -t nfs host:/export BASE/link/x',
    'mount -t nfs host:/export BASE/file',
    'mount -t nfs host:/export BASE/missing',
    'mount -t nfs -o suid host:/export BASE/share',
    'mount -t nfs -o bind host:/export BASE/share',
    'mount -t nfs -o remount host:/export BASE/share',
    'mount -t nfs -o  host:/export BASE/share',
    'mount -t nfs -o vers=4,, host:/export BASE/share',
    'mount -t nfs -o vers=4 -o dev host:/export BASE/share',
    'mount -t nfs -o log-file=/etc/passwd host:/export BASE/share',
    'mount -t glusterfs -o log-file=/etc/passwd host:/volume BASE/share',
    'mount -t glusterfs -o xlator-option=*-client-*.event-threads=33 host:/volume BASE/share',
    'mount -t nfs -o xlator-option=*-client-*.event-threads=32 host:/export BASE/share',
    'mount -t nfs --bind BASE/share',
    'mount -t nfs -host:/export BASE/share',
    'mount -t glusterfs /etc/volfile BASE/share',
    'umount BASE/share',
    'umount -l /proc',
    'umount --lazy',
    'umount --lazy BASE/share',
    'umount --lazy /',
    'umount --lazy /etc',
    'umount --lazy /proc/sys',
    'umount --lazy /proc/',
    'umount --lazy --force /proc',
    'umount --lazy --lazy /proc',
    'umount --lazy=1 /proc',
    'umount /proc --lazy',
    'umount --lazy /proc /sys',
    'mount --lazy /proc',
    'umount /',
    'umount /etc',
    'umount /proc/sys',
    'chmod 4770 /proc',
    'chmod u+s /proc',
    'chmod 0770 /etc',
    'chmod -R 0770 /proc',
    'chgrp --reference=/etc/shadow /proc',
    'chgrp root /proc /etc',
    'sh -c true',
  ])('%s', async (words) => {
    const error: unknown = await authorize(words).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: 'command-not-allowed' });
  });

  test('even for root', async () => {
    await expect(authorize('mount -t ext4 /dev/sda BASE/share', {}, true)).rejects.toThrow(/no rule allows/);
  });

  test('with the reason, where it is the directory', async () => {
    await expect(authorize('umount BASE/share')).rejects.toThrow(
      /was not run with privileges: \S+\/share is not a mount point/,
    );
  });
});

describe('what is put in front', () => {
  const words = 'mount -t nfs host:/export BASE/share';

  test.each<[what: string, options: PrivilegeOptions, isRoot: boolean, expected: RegExp]>([
    ['is sudo, which never asks', {}, false, /^\/\S+\/sudo -n \/usr\/bin\/mount -t nfs/],
    ['is nothing for root', {}, true, /^\/usr\/bin\/mount -t nfs/],
    ['is nothing when none is wanted', { command: 'none' }, false, /^\/usr\/bin\/mount -t nfs/],
    [
      'is another program',
      { command: '/usr/bin/env', args: ['-i'] },
      false,
      /^\/usr\/bin\/env -i \/usr\/bin\/mount/,
    ],
  ])('%s', async (_what, options, isRoot, expected) => {
    expect(await authorize(words, options, isRoot)).toMatch(expected);
  });
});
