import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** File systems that answer from this host itself, whatever else is out of order. */
const ANSWERING: ReadonlySet<string> = new Set([
  ...[
    'ext2',
    'ext3',
    'ext4',
    'xfs',
    'btrfs',
    'tmpfs',
    'ramfs',
    'overlay',
    'zfs',
    'f2fs',
    'squashfs',
    'erofs',
  ],
  ...[
    'proc',
    'sysfs',
    'devtmpfs',
    'devpts',
    'cgroup',
    'cgroup2',
    'mqueue',
    'hugetlbfs',
    'securityfs',
    'nsfs',
  ],
  ...['bpf', 'tracefs', 'debugfs', 'configfs', 'pstore', 'rootfs', 'vfat', 'iso9660'],
]);

/**
 * What this process has open on file systems that may hang, by its path. Looks at the kernel's tables only, so that it
 * never waits for one of them, and at once: what it says holds in the same turn of the event loop.
 */
export function openElsewhere(): string[] {
  const types = mountTypes();
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    const path = pathOf(descriptor);
    if (path === undefined) return [];
    const mount = mountOf(descriptor);
    // Of a mount that was taken away lazily nothing is in the table any more.
    return mount === undefined || ANSWERING.has(types.get(mount) ?? '') ? [] : [path];
  });
}

/**
 * undefined for what is in no file system (a socket, a pipe, memory), for devices, of which one from outside of a
 * container has no mount in its table, and for what has been closed meanwhile.
 */
function pathOf(descriptor: string): string | undefined {
  try {
    const path = readlinkSync(`/proc/self/fd/${descriptor}`);
    return /^\/(?!dev\/|memfd:)/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

function mountOf(descriptor: string): string | undefined {
  try {
    return /^mnt_id:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

/** By their numbers: `36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw`. */
function mountTypes(): Map<string, string> {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, id, type] = /^(\d+) .* - (\S+) /.exec(line) ?? [];
      return id === undefined || type === undefined ? [] : [[id, type]];
    }),
  );
}
