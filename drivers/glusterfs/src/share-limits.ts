import type { ShareLimits } from '@scoria/remotefs';

const SHARE = /^[^:/]+:\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_.,+@-]+)*\/?$/;

/**
 * What mount.glusterfs must not be given: it runs as root, and joins and splits its command line at blanks.
 * Refused are options that write files of the host, hand on options of their own, or mount something else than the
 * share.
 */
export const GLUSTERFS_SHARES: ShareLimits = {
  refusedOptions: [
    ...['log-file', 'dump-fuse'],
    ...[
      'xlator-option',
      'fuse-mountopts',
      'context',
      'fscontext',
      'defcontext',
      'rootcontext',
      'process-name',
    ],
    ...['volume-id', 'volume-name', 'subdir-mount'],
  ],
  shareProblem: (share) => {
    if (share.startsWith('[')) {
      return `has an address in brackets, which mount.glusterfs does not take; name the server instead`;
    }
    if (SHARE.test(share)) return undefined;
    return `expected host:/volume or host:/volume/directory, but found ${JSON.stringify(share)}`;
  },
};
