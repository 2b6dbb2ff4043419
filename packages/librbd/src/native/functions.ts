/** What a parameter is to koffi. `memory` is a pointer: an address, a buffer, or null. */
export type Parameter = 'memory' | 'text' | 'int' | 'u8' | 'u32' | 'u64' | 'size' | 'progress' | 'extent';

/** What a function returns: `int` and `long` are 0 or more where it worked, else an error number below 0. */
export type Result = 'int' | 'long' | 'address' | 'nothing';

type Signature = readonly [result: Result, ...parameters: Parameter[]];

/** Those of librados that are used. Source: librados.h of Ceph 16.2; none has changed since. */
export const RADOS_FUNCTIONS = {
  rados_create2: ['int', 'memory', 'text', 'text', 'u64'],
  rados_conf_read_file: ['int', 'memory', 'text'],
  rados_conf_set: ['int', 'memory', 'text', 'text'],
  rados_connect: ['int', 'memory'],
  rados_shutdown: ['nothing', 'memory'],
  rados_cluster_fsid: ['int', 'memory', 'memory', 'size'],
  rados_mon_command: [
    ...(['int', 'memory', 'memory', 'size', 'memory', 'size'] as const),
    ...(['memory', 'memory', 'memory', 'memory'] as const),
  ],
  rados_buffer_free: ['nothing', 'memory'],
  rados_pool_list: ['int', 'memory', 'memory', 'size'],
  rados_pool_reverse_lookup: ['int', 'memory', 'u64', 'memory', 'size'],
  rados_ioctx_create: ['int', 'memory', 'text', 'memory'],
  rados_ioctx_destroy: ['nothing', 'memory'],
  rados_ioctx_get_id: ['long', 'memory'],
  rados_set_pool_full_try: ['nothing', 'memory'],
  rados_remove: ['int', 'memory', 'text'],
  rados_stat: ['int', 'memory', 'text', 'memory', 'memory'],
  rados_create_write_op: ['address'],
  rados_release_write_op: ['nothing', 'memory'],
  rados_write_op_create: ['nothing', 'memory', 'int', 'text'],
  rados_write_op_omap_set2: ['nothing', 'memory', 'memory', 'memory', 'memory', 'memory', 'size'],
  rados_write_op_omap_rm_keys2: ['nothing', 'memory', 'memory', 'memory', 'size'],
  rados_write_op_operate2: ['int', 'memory', 'memory', 'text', 'memory', 'int'],
  rados_create_read_op: ['address'],
  rados_release_read_op: ['nothing', 'memory'],
  rados_read_op_omap_get_vals2: [
    ...(['nothing', 'memory', 'text', 'text', 'u64', 'memory', 'memory', 'memory'] as const),
  ],
  rados_read_op_exec_user_buf: [
    ...(['nothing', 'memory', 'text', 'text', 'memory', 'size'] as const),
    ...(['memory', 'size', 'memory', 'memory'] as const),
  ],
  rados_read_op_set_flags: ['nothing', 'memory', 'int'],
  rados_read_op_operate: ['int', 'memory', 'memory', 'text', 'int'],
  rados_omap_get_next2: ['int', 'memory', 'memory', 'memory', 'memory', 'memory'],
  rados_omap_get_end: ['nothing', 'memory'],
} as const satisfies Record<string, Signature>;

/** Those of librbd that are used. Source: librbd.h of Ceph 16.2; none has changed since. */
export const RBD_FUNCTIONS = {
  rbd_list2: ['int', 'memory', 'memory', 'memory'],
  rbd_image_spec_list_cleanup: ['nothing', 'memory', 'size'],
  rbd_image_options_create: ['nothing', 'memory'],
  rbd_image_options_destroy: ['nothing', 'memory'],
  rbd_image_options_set_uint64: ['int', 'memory', 'int', 'u64'],
  rbd_create4: ['int', 'memory', 'text', 'u64', 'memory'],
  rbd_clone3: ['int', 'memory', 'text', 'text', 'memory', 'text', 'memory'],
  rbd_remove: ['int', 'memory', 'text'],
  rbd_remove_with_progress: ['int', 'memory', 'text', 'progress', 'memory'],
  rbd_rename: ['int', 'memory', 'text', 'text'],
  rbd_trash_move: ['int', 'memory', 'text', 'u64'],
  rbd_trash_list: ['int', 'memory', 'memory', 'memory'],
  rbd_trash_list_cleanup: ['nothing', 'memory', 'size'],
  rbd_trash_remove: ['int', 'memory', 'text', 'u8'],
  rbd_trash_remove_with_progress: ['int', 'memory', 'text', 'u8', 'progress', 'memory'],
  rbd_trash_restore: ['int', 'memory', 'text', 'text'],
  rbd_open: ['int', 'memory', 'text', 'memory', 'text'],
  rbd_open_read_only: ['int', 'memory', 'text', 'memory', 'text'],
  rbd_open_by_id: ['int', 'memory', 'text', 'memory', 'text'],
  rbd_open_by_id_read_only: ['int', 'memory', 'text', 'memory', 'text'],
  rbd_close: ['int', 'memory'],
  rbd_stat: ['int', 'memory', 'memory', 'size'],
  rbd_get_id: ['int', 'memory', 'memory', 'size'],
  rbd_get_size: ['int', 'memory', 'memory'],
  rbd_get_features: ['int', 'memory', 'memory'],
  rbd_get_op_features: ['int', 'memory', 'memory'],
  rbd_get_stripe_unit: ['int', 'memory', 'memory'],
  rbd_get_stripe_count: ['int', 'memory', 'memory'],
  rbd_get_overlap: ['int', 'memory', 'memory'],
  rbd_get_parent: ['int', 'memory', 'memory', 'memory'],
  rbd_linked_image_spec_cleanup: ['nothing', 'memory'],
  rbd_linked_image_spec_list_cleanup: ['nothing', 'memory', 'size'],
  rbd_snap_spec_cleanup: ['nothing', 'memory'],
  rbd_update_features: ['int', 'memory', 'u64', 'u8'],
  rbd_resize: ['int', 'memory', 'u64'],
  rbd_resize2: ['int', 'memory', 'u64', 'u8', 'progress', 'memory'],
  rbd_flatten: ['int', 'memory'],
  rbd_flatten_with_progress: ['int', 'memory', 'progress', 'memory'],
  rbd_snap_list: ['int', 'memory', 'memory', 'memory'],
  rbd_snap_list_end: ['nothing', 'memory'],
  rbd_snap_get_namespace_type: ['int', 'memory', 'u64', 'memory'],
  rbd_snap_get_trash_namespace: ['int', 'memory', 'u64', 'memory', 'size'],
  rbd_snap_create: ['int', 'memory', 'text'],
  rbd_snap_remove: ['int', 'memory', 'text'],
  rbd_snap_remove_by_id: ['int', 'memory', 'u64'],
  rbd_snap_rename: ['int', 'memory', 'text', 'text'],
  rbd_snap_protect: ['int', 'memory', 'text'],
  rbd_snap_unprotect: ['int', 'memory', 'text'],
  rbd_snap_is_protected: ['int', 'memory', 'text', 'memory'],
  rbd_snap_rollback: ['int', 'memory', 'text'],
  rbd_snap_rollback_with_progress: ['int', 'memory', 'text', 'progress', 'memory'],
  rbd_snap_set_by_id: ['int', 'memory', 'u64'],
  rbd_list_children3: ['int', 'memory', 'memory', 'memory'],
  rbd_diff_iterate2: ['int', 'memory', 'text', 'u64', 'u64', 'u8', 'u8', 'extent', 'memory'],
  rbd_metadata_list: ['int', 'memory', 'text', 'u64', 'memory', 'memory', 'memory', 'memory'],
  rbd_metadata_get: ['int', 'memory', 'text', 'memory', 'memory'],
  rbd_metadata_set: ['int', 'memory', 'text', 'text'],
  rbd_metadata_remove: ['int', 'memory', 'text'],
  rbd_watchers_list: ['int', 'memory', 'memory', 'memory'],
  rbd_watchers_list_cleanup: ['nothing', 'memory', 'size'],
  rbd_list_lockers: [
    ...(['long', 'memory', 'memory', 'memory', 'memory', 'memory'] as const),
    ...(['memory', 'memory', 'memory', 'memory', 'memory'] as const),
  ],
  rbd_lock_exclusive: ['int', 'memory', 'text'],
  rbd_unlock: ['int', 'memory', 'text'],
  rbd_break_lock: ['int', 'memory', 'text', 'text'],
  rbd_set_image_notification: ['int', 'memory', 'int', 'int'],
  rbd_poll_io_events: ['int', 'memory', 'memory', 'int'],
  rbd_aio_create_completion: ['int', 'memory', 'memory', 'memory'],
  rbd_aio_get_return_value: ['long', 'memory'],
  rbd_aio_release: ['nothing', 'memory'],
  rbd_aio_read: ['int', 'memory', 'u64', 'size', 'memory', 'memory'],
  rbd_aio_write: ['int', 'memory', 'u64', 'size', 'memory', 'memory'],
  rbd_aio_discard: ['int', 'memory', 'u64', 'u64', 'memory'],
  rbd_aio_write_zeroes: ['int', 'memory', 'u64', 'size', 'memory', 'int', 'int'],
  rbd_aio_flush: ['int', 'memory', 'memory'],
} as const satisfies Record<string, Signature>;

/** Of the C library: what tells that block I/O is done, and memory that librados owns. */
export const C_FUNCTIONS = {
  eventfd: ['int', 'u32', 'int'],
  memcpy: ['address', 'memory', 'memory', 'size'],
} as const satisfies Record<string, Signature>;

export type RadosFunction = keyof typeof RADOS_FUNCTIONS;
export type RbdFunction = keyof typeof RBD_FUNCTIONS;
export type CFunction = keyof typeof C_FUNCTIONS;
export type FunctionName = RadosFunction | RbdFunction | CFunction;
