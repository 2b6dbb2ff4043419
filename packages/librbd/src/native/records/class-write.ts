import { nativeError } from '../errno.js';
import type { ClassCall, ObjectReader } from './class-read.js';

/** LIBRADOS_CREATE_EXCLUSIVE. */
const MUST_BE_NEW = 1;

export interface ObjectChange {
  /** Fails with "exists" where the object is there. */
  readonly isNew?: boolean;
  readonly calls: readonly ClassCall[];
}

/** Changes one object, all at once or not at all. @throws RbdError */
export async function changeObject(
  { calls, io, order }: ObjectReader,
  object: string,
  { isNew = false, calls: methods }: ObjectChange,
): Promise<void> {
  const { library } = calls;
  const operation = library.addressNow('rados_create_write_op');
  try {
    if (isNew) library.callNow('rados_write_op_create', operation, MUST_BE_NEW, null);
    for (const { method, family = 'rbd', input = Buffer.alloc(0) } of methods) {
      library.callNow('rados_write_op_exec', operation, family, method, input, input.length, null);
    }
    const result = await calls.run(order, 'rados_write_op_operate2', operation, io, object, null, 0);
    if (result < 0) throw nativeError(result, order.subject);
  } finally {
    library.callNow('rados_release_write_op', operation);
  }
}
