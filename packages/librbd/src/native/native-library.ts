import koffi, { type LibraryHandle, type TypeObject } from 'koffi';
import { RbdError } from '../errors.js';
import {
  C_FUNCTIONS,
  type FunctionName,
  type Parameter,
  RADOS_FUNCTIONS,
  RBD_FUNCTIONS,
  type Result,
} from './functions.js';

/** A pointer argument is an address, or memory of ours that C reads or fills. */
export type Argument = number | bigint | string | Uint8Array | BigUint64Array | null;

interface NativeFunction {
  (...args: Argument[]): number | bigint | undefined;
  async(...args: [...Argument[], (error: unknown, result: number | bigint | undefined) => void]): void;
}

/** A function of ours that librbd may call, from whatever thread it likes, until it is released. */
export interface NativeCallback extends Disposable {
  readonly address: bigint;
}

const POINTER_BYTES = 8;

const RESULTS: Readonly<Record<Result, string>> = {
  int: 'int',
  long: 'int64',
  address: 'uint64',
  nothing: 'void',
};

/**
 * librados and librbd, loaded into this process. Only what is called is looked up.
 * Nothing here checks arguments or lifetimes: wrong ones end the process.
 */
export class NativeLibrary {
  static #loaded: NativeLibrary | undefined;
  readonly #functions = new Map<FunctionName, NativeFunction>();
  readonly #callbacks = callbackTypes();

  private constructor(
    private readonly rados: LibraryHandle,
    private readonly rbd: LibraryHandle,
  ) {}

  /** @throws RbdError `library-missing` */
  static load(): NativeLibrary {
    this.#loaded ??= new NativeLibrary(loadLibrary('librados.so.2'), loadLibrary('librbd.so.1'));
    return this.#loaded;
  }

  /** Calls a function that returns at once: one that waits for the cluster would stop the event loop. */
  callNow(name: FunctionName, ...args: Argument[]): number {
    return Number(this.#function(name)(...args) ?? 0);
  }

  /** As {@link callNow}, for one that returns an address. */
  addressNow(name: FunctionName, ...args: Argument[]): bigint {
    return BigInt(this.#function(name)(...args) ?? 0);
  }

  /**
   * Calls it on a thread of libuv's pool.
   * Keeps memory that it is given alive until it returns, not longer.
   * @returns what it returned: an error number below 0 where it failed
   */
  async call(name: FunctionName, ...args: Argument[]): Promise<number> {
    const native = this.#function(name);
    return new Promise((resolve, reject) => {
      native.async(...args, (error, result) => {
        args.length = 0; // what it was given lives as long as this
        if (error instanceof Error) reject(error);
        else resolve(Number(result ?? 0));
      });
    });
  }

  /** To be told of progress; what it returns below 0 ends the call with this number. */
  onProgress(callback: (done: number, total: number) => number): NativeCallback {
    const wrapped = (done: number | bigint, total: number | bigint): number =>
      callback(Number(done), Number(total));
    return this.#register(wrapped, this.#callbacks.progress);
  }

  /** To be told of the extents of a diff. */
  onExtent(callback: (offset: number, length: number, exists: boolean) => void): NativeCallback {
    const wrapped = (offset: number | bigint, length: number | bigint, exists: number): number => {
      callback(Number(offset), Number(length), exists !== 0);
      return 0;
    };
    return this.#register(wrapped, this.#callbacks.extent);
  }

  /** A copy of memory that C owns. */
  copyOf(address: bigint, length: number): Buffer {
    const copy = Buffer.alloc(length);
    if (address !== 0n && length > 0) this.callNow('memcpy', copy, address, length);
    return copy;
  }

  /** Memory that begins with a pointer to the text that follows in it. */
  pointerTo(text: string): Buffer {
    const bytes = Buffer.from(text);
    const memory = Buffer.alloc(POINTER_BYTES + bytes.length + 1);
    memory.writeBigUInt64LE(this.addressOf(memory) + BigInt(POINTER_BYTES), 0);
    bytes.copy(memory, POINTER_BYTES);
    return memory;
  }

  /** Where memory of ours is, for as long as somebody holds it. */
  addressOf(memory: Uint8Array): bigint {
    return koffi.address(memory);
  }

  #register(callback: (...args: never[]) => number, type: TypeObject): NativeCallback {
    const address = koffi.register(callback, type);
    return { address, [Symbol.dispose]: () => koffi.unregister(address) };
  }

  #function(name: FunctionName): NativeFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const bound = this.#bind(name);
    this.#functions.set(name, bound);
    return bound;
  }

  #bind(name: FunctionName): NativeFunction {
    const [library, [result, ...parameters]] = this.#declaration(name);
    try {
      return library.func(
        name,
        RESULTS[result],
        parameters.map((parameter) => this.#type(parameter)),
      );
    } catch (cause) {
      throw new RbdError({
        code: 'library-missing',
        message: `the library has no function ${name}: librados2 and librbd1 have to be of Ceph 16 or later`,
        details: { operation: name },
        cause,
      });
    }
  }

  #declaration(name: FunctionName): [LibraryHandle, readonly [Result, ...Parameter[]]] {
    if (name in RBD_FUNCTIONS) return [this.rbd, RBD_FUNCTIONS[name as keyof typeof RBD_FUNCTIONS]];
    if (name in RADOS_FUNCTIONS) return [this.rados, RADOS_FUNCTIONS[name as keyof typeof RADOS_FUNCTIONS]];
    return [koffi.load(null), C_FUNCTIONS[name as keyof typeof C_FUNCTIONS]];
  }

  #type(parameter: Parameter): string | TypeObject {
    switch (parameter) {
      case 'memory':
        return 'void *';
      case 'text':
        return 'str';
      case 'int':
        return 'int';
      case 'u8':
        return 'uint8';
      case 'u32':
        return 'uint32';
      case 'u64':
        return 'uint64';
      case 'size':
        return 'size_t';
      case 'progress':
      case 'extent':
        return this.#callbacks[parameter];
    }
  }
}

/** Without names: koffi keeps those for the life of the process, and refuses the same one twice. */
function callbackTypes(): { progress: TypeObject; extent: TypeObject } {
  return {
    progress: koffi.pointer(koffi.proto('int', ['uint64', 'uint64', 'void *'])),
    extent: koffi.pointer(koffi.proto('int', ['uint64', 'size_t', 'int', 'void *'])),
  };
}

/** RTLD_NOW, and RTLD_NODELETE. */
const FOR_GOOD = 0x2 | 0x1000;

/** Its threads go on for as long as the process lives: it must never be taken out of memory, whoever is collected. */
function loadLibrary(name: string): LibraryHandle {
  try {
    const library = koffi.load(name);
    koffi.load(null).func('dlopen', 'void *', ['str', 'int'])(name, FOR_GOOD);
    return library;
  } catch (cause) {
    throw new RbdError({
      code: 'library-missing',
      message:
        `cannot load ${name}: install Ceph's client libraries, ` +
        'on Debian and Ubuntu the packages librados2 and librbd1, on Fedora and CentOS librados2 and librbd1 too',
      details: { library: name },
      cause,
    });
  }
}
