import { ERANGE, nativeError } from '../errno.js';
import type { CallOrder, NativeCalls } from '../native-calls.js';
import type { NativeLibrary } from '../native-library.js';
import { Words } from '../words.js';

/** LIBRADOS_OP_FLAG_FAILOK. */
const MAY_FAIL = 2;
const FIRST_ROOM = 4096;
const MOST_ROOM = 2 ** 24;

/** A method of the OSDs' own code for images, which reads something of an object. */
export interface ClassCall {
  readonly method: string;
  /** What the code belongs to; `rbd` unless told. */
  readonly family?: 'lock';
  readonly input?: Buffer;
  /** The others are answered all the same; it has no answer then. */
  readonly mayFail?: boolean;
}

/** Where a pool's objects are read. */
export interface ObjectReader {
  readonly calls: NativeCalls;
  /** librados' I/O context. */
  readonly io: bigint;
  readonly order: CallOrder;
}

/**
 * Reads several things of one object, in one round trip and as they are at one moment.
 * @returns the answers in order, undefined for what failed and may; a number below 0 instead where the whole failed
 */
export async function readObject(
  reader: ObjectReader,
  object: string,
  methods: readonly ClassCall[],
): Promise<(Buffer | undefined)[] | number> {
  for (let room = FIRST_ROOM; ; room *= 4) {
    const answers = await readWithin(reader, object, methods, room);
    if (answers !== -ERANGE) return answers;
    if (room > MOST_ROOM) throw nativeError(ERANGE, reader.order.subject, `${object} says too much`);
  }
}

/** Memory that librados fills until the operation is done. */
interface Place {
  readonly method: ClassCall;
  readonly output: Buffer;
  /** How much of it was filled, and what the method returned. */
  readonly outcome: Words;
}

async function readWithin(
  { calls, io, order }: ObjectReader,
  object: string,
  methods: readonly ClassCall[],
  room: number,
): Promise<(Buffer | undefined)[] | number> {
  const { library } = calls;
  const places = methods.map((method): Place => {
    return { method, output: Buffer.allocUnsafeSlow(room), outcome: new Words(2) };
  });
  const operation = library.addressNow('rados_create_read_op');
  try {
    for (const place of places) addCall(library, operation, place);
    const result = await calls.run(order, 'rados_read_op_operate', operation, io, object, 0);
    const failed = places.map(failureOf).find((failure) => failure < 0);
    if (failed !== undefined) return failed;
    return result < 0 ? result : places.map(answerOf);
  } finally {
    library.callNow('rados_release_read_op', operation);
  }
}

function addCall(library: NativeLibrary, operation: bigint, { method, output, outcome }: Place): void {
  const input = method.input ?? Buffer.alloc(0);
  const name = [method.family ?? 'rbd', method.method] as const;
  const given = [input, input.length, output, output.length, outcome.from(0), outcome.from(1)] as const;
  library.callNow('rados_read_op_exec_user_buf', operation, ...name, ...given);
  if (method.mayFail === true) library.callNow('rados_read_op_set_flags', operation, MAY_FAIL);
}

/** An answer that there was no room for counts also where the method may fail. */
function failureOf({ method, outcome }: Place): number {
  const result = outcome.int(1);
  return method.mayFail === true && result !== -ERANGE ? 0 : result;
}

function answerOf({ output, outcome }: Place): Buffer | undefined {
  return outcome.int(1) < 0 ? undefined : output.subarray(0, outcome.number(0));
}
