import type { Attempt } from './attempt.js';
import { type CallSubject, nativeError, rbdError } from './errno.js';
import type { FunctionName } from './functions.js';
import { type Argument, NativeLibrary } from './native-library.js';
import { type LaneName, poolThreads, ThreadLanes } from './thread-lanes.js';

/** A call of the library for somebody: what it is, and what it may hold up. */
export interface CallOrder {
  readonly attempt: Attempt;
  readonly subject: CallSubject;
  /** `short` unless told. */
  readonly lane?: LaneName;
}

/** The threads are the process's, whatever clusters there are. */
const lanes = new ThreadLanes(poolThreads(process.env.UV_THREADPOOL_SIZE));

/** Calls of the library that wait for the cluster, on threads of the pool, so many at a time. */
export class NativeCalls {
  /** @throws RbdError `library-missing` */
  constructor(readonly library: NativeLibrary = NativeLibrary.load()) {}

  /** What the function returned, errors among it. */
  async run(order: CallOrder, name: FunctionName, ...args: Argument[]): Promise<number> {
    const { attempt, subject, lane = 'short' } = order;
    const call = lanes[lane].run(async () => {
      attempt.begin();
      return this.library.call(name, ...args);
    }, attempt);
    const result = await attempt.during(call);
    if (result === undefined) throw rbdError('cancelled', subject, 'nobody waits for it any more');
    return result;
  }

  /** @throws RbdError where the function returned an error */
  async check(order: CallOrder, name: FunctionName, ...args: Argument[]): Promise<number> {
    const result = await this.run(order, name, ...args);
    if (result < 0) throw nativeError(result, order.subject);
    return result;
  }
}
