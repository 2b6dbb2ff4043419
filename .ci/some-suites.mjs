/**
 * Suites that hold one thing against several kinds of trouble or several drivers. All of them take longer than a check
 * may: of each group some are taken, others each time; `SCORIA_TESTS=all` takes all.
 */
const GROUPS = [
  {
    take: 3,
    of: [
      'conformance/local-raw',
      'conformance/local-qcow2',
      'conformance/nfs',
      'glusterfs/conformance',
      'rbd/conformance',
    ],
  },
  { take: 1, of: ['crash/steps', 'crash/qemu-img', 'crash/system-calls'] },
  { take: 2, of: ['chains/model-raw', 'chains/model-qcow2', 'online/model'] },
  {
    take: 2,
    of: [
      'interop/ping-pong',
      'interop/adopt',
      'glusterfs/interop[.]spec',
      'glusterfs/interop-online',
      'rbd/interop',
    ],
  },
  {
    take: 3,
    of: [
      'faults/damaged-records',
      'faults/full-disk',
      'faults/missing-qemu-img',
      'faults/odd-files',
      'glusterfs/no-room',
      'faults/read-only',
    ],
  },
  {
    take: 2,
    of: [
      'security/planted-images',
      'security/planted-objects',
      'security/planted-work-files',
      'security/guest-written',
    ],
  },
  {
    take: 3,
    of: ['manager/kill', 'online/kills', 'online/nova-kills', 'online/interruptions', 'rbd/no-leaks'],
  },
  {
    take: 2,
    of: ['glusterfs/trouble', 'rbd/trouble', 'rbd/background', 'commands/hung-share', 'glusterfs/replica'],
  },
  { take: 1, of: ['glusterfs/two-hosts', 'glusterfs/two-managers', 'manager/races'] },
  {
    take: 3,
    of: [
      'online/command',
      'glusterfs/command',
      'rbd/command',
      'commands/attachments',
      'commands/volume-data',
    ],
  },
  {
    take: 3,
    of: [
      'rbd/dry-runs',
      'rbd/extras',
      'rbd/flatten-progress',
      'rbd/import',
      'rbd/managing',
      'rbd/read-only-images',
      'rbd/types',
    ],
  },
];

/** The suites that are left out this time, as parts of their paths. */
export function leftOut() {
  if (process.env.SCORIA_TESTS === 'all') return [];
  return GROUPS.flatMap(({ take, of }) => shuffled(of).slice(take));
}

function shuffled(items) {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
