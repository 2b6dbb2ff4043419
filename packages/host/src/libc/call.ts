import { Semaphore } from 'async-mutex';
import koffi from 'koffi';
import { SystemError } from './system-error.js';

/** The name of one of koffi's types, or what `koffi.pointer` and its like make. */
export type NativeType = Parameters<typeof koffi.sizeof>[0];

/** A buffer is changed in its place. */
type Argument = number | string | Buffer | object | null;

interface NativeFunction {
  (...args: Argument[]): unknown;
  async(...args: [...Argument[], (error: unknown, result: unknown) => void]): void;
}

/** koffi refuses calls beyond a fixed number that are under way at once. */
const MAX_CALLS_AT_ONCE = 64;

const slots = new Semaphore(MAX_CALLS_AT_ONCE);

/**
 * A function of the C library that returns -1 and sets errno when it fails. It runs on libuv's thread pool,
 * so a slow file system does not stop the event loop. Bound at the first call: a library that lacks one
 * function still has the others.
 */
export class NativeCall {
  readonly #name: string;
  readonly #bind: () => NativeFunction;
  #bound: NativeFunction | undefined;

  constructor(name: string, result: string, parameters: readonly NativeType[]) {
    this.#name = name;
    this.#bind = () => koffi.load(null).func(name, result, [...parameters]) as NativeFunction;
  }

  /** Rejects with a {@link SystemError}. */
  async call(...args: Argument[]): Promise<number> {
    const native = (this.#bound ??= this.#bind());
    return slots.runExclusive(async () => this.#callOnce(native, args));
  }

  /**
   * For calls that never wait, whatever a file system does: made at once, in the turn of the caller.
   * @throws SystemError
   */
  callNow(...args: Argument[]): number {
    const native = (this.#bound ??= this.#bind());
    const result = Number(native(...args));
    if (result === -1) throw new SystemError(this.#name, koffi.errno());
    return result;
  }

  async #callOnce(native: NativeFunction, args: readonly Argument[]): Promise<number> {
    return new Promise((resolve, reject) => {
      native.async(...args, (error, result) => {
        // koffi keeps the pool thread's errno with the call and gives it back within this callback only.
        if (Number(result) === -1) reject(new SystemError(this.#name, koffi.errno()));
        else if (error instanceof Error) reject(error);
        else resolve(Number(result));
      });
    });
  }
}
