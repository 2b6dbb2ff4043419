import { ENOENT, EOVERFLOW, ERANGE, nativeError, rbdError } from '../errno.js';
import type { NativeLibrary } from '../native-library.js';
import type { ClassCall, ObjectReader } from './class-read.js';

/** LIBRADOS_CREATE_EXCLUSIVE. */
const MUST_BE_NEW = 1;
/** What a comparison of bytes answers, less where they differ. */
const DIFFERS = -4095;
/** What a version answers that is not the object's. */
const VERSION_DIFFERS = [ERANGE, EOVERFLOW];
/** LIBRADOS_CMPXATTR_OP_EQ. */
const EQUAL = 1;

export interface ObjectChange {
  /** Fails with "exists" where the object is there. */
  readonly isNew?: boolean;
  readonly calls: readonly ClassCall[];
  /** An attribute that is not to be there afterwards. */
  readonly without?: string;
  /** Fails with `cancelled` where the object is not as it was. */
  readonly unchanged?: Unchanged;
}

/** A key still has the value, the object still begins with these bytes, or nobody has changed it since this version. */
type Unchanged =
  | { readonly key: string; readonly value: Buffer }
  | { readonly beginning: Buffer }
  | { readonly version: bigint };

/** Changes one object, all at once or not at all. @throws RbdError */
export async function changeObject(
  { calls, io, order }: ObjectReader,
  object: string,
  change: ObjectChange,
): Promise<void> {
  const { library } = calls;
  const operation = library.addressNow('rados_create_write_op');
  try {
    compose(library, operation, change);
    const result = await calls.run(order, 'rados_write_op_operate2', operation, io, object, null, 0);
    const isOther = result <= DIFFERS || (isOfVersion(change) && VERSION_DIFFERS.includes(-result));
    if (isOther) throw rbdError('cancelled', order.subject, `${object} was changed meanwhile`);
    if (result < 0) throw nativeError(result, order.subject);
  } finally {
    library.callNow('rados_release_write_op', operation);
  }
}

/** One that is not there is fine. */
export async function removeObject({ calls, io, order }: ObjectReader, object: string): Promise<void> {
  const result = await calls.run(order, 'rados_remove', io, object);
  if (result < 0 && result !== -ENOENT) throw nativeError(result, order.subject);
}

/** What it is made of is copied. */
function compose(
  library: NativeLibrary,
  operation: bigint,
  { isNew = false, calls, without, unchanged }: ObjectChange,
): void {
  if (isNew) library.callNow('rados_write_op_create', operation, MUST_BE_NEW, null);
  if (unchanged !== undefined) composeComparison(library, operation, unchanged);
  for (const { method, family = 'rbd', input = Buffer.alloc(0) } of calls) {
    library.callNow('rados_write_op_exec', operation, family, method, input, input.length, null);
  }
  if (without !== undefined) library.callNow('rados_write_op_rmxattr', operation, without);
}

function composeComparison(library: NativeLibrary, operation: bigint, unchanged: Unchanged): void {
  if ('version' in unchanged) {
    library.callNow('rados_write_op_assert_version', operation, unchanged.version);
  } else if ('key' in unchanged) {
    const { key, value } = unchanged;
    library.callNow('rados_write_op_omap_cmp', operation, key, EQUAL, value, value.length, null);
  } else {
    const { beginning } = unchanged;
    library.callNow('rados_write_op_cmpext', operation, beginning, beginning.length, 0, null);
  }
}

function isOfVersion({ unchanged }: ObjectChange): boolean {
  return unchanged !== undefined && 'version' in unchanged;
}
