import { normalize } from 'node:path';
import type { AllowRule, ArgumentPattern } from './allow-rule.js';

/** Options of mount(8) and nfs(5) that neither read nor write a file of the host and give nobody more rights. */
const NFS_OPTIONS = [
  ...['vers', 'nfsvers', 'minorversion', 'proto', 'port', 'mountproto', 'mountport', 'mountvers', 'sec'],
  ...['rsize', 'wsize', 'timeo', 'retrans', 'retry', 'nconnect', 'max_connect', 'hard', 'soft', 'softerr'],
  ...['bg', 'fg', 'intr', 'nointr', 'lock', 'nolock', 'local_lock', 'ac', 'noac', 'actimeo', 'acregmin'],
  ...['acregmax', 'acdirmin', 'acdirmax', 'lookupcache', 'cto', 'nocto', 'sharecache', 'nosharecache'],
  ...['acl', 'noacl', 'rdirplus', 'nordirplus', 'resvport', 'noresvport', 'clientaddr', 'tcp', 'udp'],
];

const GLUSTER_OPTIONS = [
  ...['backup-volfile-servers', 'backupvolfile-server', 'transport', 'direct-io-mode', 'log-level'],
  ...[
    'attribute-timeout',
    'entry-timeout',
    'negative-timeout',
    'reader-thread-count',
    'acl',
    'fetch-attempts',
    'server-port',
    'lru-limit',
    'use-readdirp',
    'gid-timeout',
  ],
];

/** As the GlusterFS driver gives it. With any other text after it, `xlator-option` can make the client do anything. */
const GLUSTER_THREADS = ['xlator-option=*-client-*.event-threads=32'];

const GENERAL_OPTIONS = [
  ...['ro', 'rw', 'nosuid', 'nodev', 'noexec', 'sync', 'async', 'atime', 'noatime', 'nodiratime', 'relatime'],
  ...['_netdev', 'defaults'],
];

const HOST = String.raw`(?:[A-Za-z0-9][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\])`;
const PATH = String.raw`/[A-Za-z0-9_.,:+@/-]*`;

const literal = (text: string): ArgumentPattern => ({ kind: 'literal', text });
const oneOf = (...texts: string[]): ArgumentPattern => ({ kind: 'one-of', texts });
const text = (pattern: string): ArgumentPattern => ({ kind: 'text', pattern: new RegExp(pattern) });
const options = (...names: string[]): ArgumentPattern => ({ kind: 'options', names });

/** What drivers of shares need: mounts right in `mountBase`, and nowhere else. */
export function mountRules(mountBase: string): AllowRule[] {
  const base = normalize(mountBase).replace(/(?<=.)\/$/, '');
  const directory: ArgumentPattern = { kind: 'directory-in', base };
  const mounted: ArgumentPattern = { kind: 'directory-in', base, mounted: true };
  const nfs = {
    types: oneOf('nfs', 'nfs4'),
    options: options(...GENERAL_OPTIONS, ...NFS_OPTIONS),
    share: text(`${HOST}:${PATH}`),
  };
  const gluster = {
    types: literal('glusterfs'),
    options: { ...options(...GENERAL_OPTIONS, ...GLUSTER_OPTIONS), whole: GLUSTER_THREADS },
    share: text(`${HOST}(?:,${HOST})*:/?[A-Za-z0-9_.-]+(?:${PATH})?`),
  };
  const mounts = [nfs, gluster].flatMap(({ types, options: allowed, share }) => [
    [literal('-t'), types, share, directory],
    [literal('-t'), types, literal('-o'), allowed, share, directory],
  ]);
  return [
    ...mounts.map((args) => ({ purpose: 'mount a share', program: 'mount', args })),
    { purpose: 'unmount a share', program: 'umount', args: [mounted] },
    {
      purpose: 'unmount a share whose client has died',
      program: 'umount',
      args: [literal('--lazy'), mounted],
    },
    { purpose: "set a share's group", program: 'chgrp', args: [text('[a-z_][a-z0-9_-]*|[0-9]+'), mounted] },
    // No set-user-id or sticky bits.
    {
      purpose: "set a share's permissions",
      program: 'chmod',
      args: [text('0?[0-7]{3}|[ugo]+[+=-][rwx]+'), mounted],
    },
  ];
}
