import { BACKEND_OPTIONS, defineOptions, hostPath, Type } from '@scoria/core';
import type { OptionsOf } from '@scoria/core';
import { MOST_TRASH_SECONDS } from '@scoria/librbd';

/** A timer of Node that is told to wait for longer does not wait at all. */
const MOST_TIMER_SECONDS = 2_147_483;

/** The names and defaults are Cinder's. */
export const RBD_OPTIONS = defineOptions({
  ...BACKEND_OPTIONS,
  rbd_cluster_name: Type.String({ default: 'ceph', minLength: 1, description: "The cluster's name." }),
  rbd_pool: Type.String({ default: 'rbd', minLength: 1, description: 'The pool that holds the volumes.' }),
  rbd_user: Type.Optional(
    Type.String({ description: "The user's name, without 'client.'; only with cephx. 'admin' unless set." }),
  ),
  rbd_ceph_conf: hostPath(
    Type.String({
      default: '',
      description: "The cluster's configuration file; the usual places are searched unless set.",
    }),
  ),
  rbd_secret_uuid: Type.Optional(
    Type.String({
      description: "The hypervisors' name of the secret with the user's key; the cluster's fsid unless set.",
    }),
  ),
  rbd_max_clone_depth: Type.Integer({
    default: 5,
    minimum: 0,
    description:
      'A clone of a volume that has this many ancestors is made independent of them, in the background. ' +
      '0: every clone is a full copy.',
  }),
  rbd_flatten_volume_from_snapshot: Type.Boolean({
    default: false,
    description:
      'Volumes from snapshots are made independent of them, in the background, and snapshots that volumes depend on ' +
      'can be deleted, which makes those independent first.',
  }),
  rbd_store_chunk_size: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 32,
    description: 'Volumes are kept in objects of this size, in MiB: a power of two.',
  }),
  rados_connect_timeout: Type.Integer({
    default: -1,
    description:
      'How long connecting, and each call to a cluster that does not answer, may take, in seconds; 30 where it is ' +
      'negative or 0.',
  }),
  rados_connection_retries: Type.Integer({
    default: 3,
    minimum: 1,
    description:
      'How often to connect at the start, and to try what needs an image for itself (remove, revert, retype) while somebody uses it.',
  }),
  rados_connection_interval: Type.Integer({
    default: 5,
    minimum: 0,
    description: 'How long to wait between those, in seconds.',
  }),
  rbd_exclusive_cinder_pool: Type.Boolean({
    default: true,
    description:
      'Nobody else makes images in the pool: what volumes promise is counted as they come and go. Otherwise every ' +
      'image is opened for each report.',
  }),
  report_dynamic_total_capacity: Type.Boolean({
    default: true,
    description:
      "The pool's total is what is stored and what can still be; otherwise the quota, where there is one.",
  }),
  enable_deferred_deletion: Type.Boolean({
    default: false,
    description: 'A deleted volume is moved to the trash, and removed from there later.',
  }),
  deferred_deletion_delay: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: MOST_TRASH_SECONDS,
    description: 'How long it stays in the trash at least, in seconds.',
  }),
  deferred_deletion_purge_interval: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: MOST_TIMER_SECONDS,
    description: 'How often the trash, and what else is left to be done, is looked at, in seconds.',
  }),
  rbd_concurrent_flatten_operations: Type.Integer({
    default: 3,
    minimum: 0,
    description: 'How many volumes are made independent of their ancestors at a time; 0 is no limit.',
  }),
  volume_tmp_dir: Type.Optional(
    hostPath(
      Type.String({
        description: "Cinder's; images are written straight into the pool here, so that it is not needed.",
      }),
    ),
  ),
});

export type RbdOptions = OptionsOf<typeof RBD_OPTIONS>;

const DEFAULT_TIMEOUT_SECONDS = 30;

/** The time limit of a call to the cluster, in milliseconds. */
export function timeoutMsOf({ rados_connect_timeout: seconds }: RbdOptions): number {
  return (seconds > 0 ? seconds : DEFAULT_TIMEOUT_SECONDS) * 1000;
}

/** log2 of the size of an object in bytes. */
export function chunkOrderOf({ rbd_store_chunk_size: mebibytes }: RbdOptions): number {
  return 20 + Math.floor(Math.log2(mebibytes));
}

/** Why the options cannot be used together or at all, beyond what their schema says; `undefined` if they can. */
export function optionProblem({ rbd_store_chunk_size: mebibytes }: RbdOptions): string | undefined {
  if (Number.isInteger(Math.log2(mebibytes))) return undefined;
  return `rbd_store_chunk_size must be a power of two, but is ${mebibytes}`;
}
