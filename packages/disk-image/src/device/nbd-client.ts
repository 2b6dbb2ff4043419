import { DriverError, messageOf, type DriverErrorCode } from '@scoria/core';

import { ByteStream } from './byte-stream.js';
import { negotiate } from './nbd-handshake.js';
import { NBD, encodeRequest, type NbdContext, type NbdExport } from './nbd-protocol.js';
import { NbdReplies, type NbdAnswer, type NbdStatus } from './nbd-replies.js';

const NOTHING = Buffer.alloc(0);

interface Pending extends NbdAnswer {
  readonly settle: (failure?: DriverError) => void;
}

export interface NbdClientOptions {
  /** The file whose data are exported, for messages. */
  readonly what: string;
  readonly contexts: readonly NbdContext[];
  /** The connection is given up when nothing is answered for this long while something is under way. */
  readonly silenceMs: number;
}

/**
 * One connection to an NBD server on a Unix socket, with any number of requests under way. Requests larger than
 * `export.maxRequestBytes` are the caller's to split. When the connection is lost, everything under way and all
 * that follows is rejected with `unavailable`.
 */
export class NbdClient {
  readonly #stream: ByteStream;
  readonly #pending = new Map<number, Pending>();
  readonly #watchdog: NodeJS.Timeout;
  #lastHandle = 0;
  #lost: DriverError | undefined;

  private constructor(
    stream: ByteStream,
    readonly exported: NbdExport,
    private readonly what: string,
    silenceMs: number,
  ) {
    this.#stream = stream;
    this.#watchdog = setTimeout(() => this.#checkSilence(silenceMs), silenceMs).unref();
    stream.onEnd((reason) => this.#lose(reason.message));
    new NbdReplies(stream, {
      answerFor: (handle) => this.#pending.get(handle),
      finished: (handle) => this.#finish(handle),
      violated: (what) => this.#giveUp(`the server sent ${what}`),
    }).start();
  }

  /** Rejects with Node's error while nobody listens at `path`, otherwise with `unavailable`. */
  static async connect(path: string, { what, contexts, silenceMs }: NbdClientOptions): Promise<NbdClient> {
    const stream = await ByteStream.connect(path);
    const timer = setTimeout(() => stream.destroy(new Error(`no answer for ${silenceMs} ms`)), silenceMs);
    try {
      return new NbdClient(stream, await negotiate(stream, contexts), what, silenceMs);
    } catch (error) {
      stream.destroy(new Error('the connection was given up'));
      throw new DriverError({
        code: 'unavailable',
        message: `cannot open the NBD export of ${what} at ${path}: ${messageOf(error)}`,
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async readInto(target: Buffer, offset: number): Promise<void> {
    await this.#request(NBD.CMD_READ, { offset, length: target.length, target });
  }

  /** `data` must not be changed before this resolves. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    await this.#request(NBD.CMD_WRITE, { offset, length: data.length, data });
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.#request(NBD.CMD_WRITE_ZEROES, { offset, length });
  }

  async flush(): Promise<void> {
    await this.#request(NBD.CMD_FLUSH, { offset: 0, length: 0 });
  }

  /** What the server knows from `offset` on, of the range or a part of it; at least one run, never empty ones. */
  async blockStatus(context: NbdContext, offset: number, length: number): Promise<NbdStatus[]> {
    const { statuses } = await this.#request(NBD.CMD_BLOCK_STATUS, { offset, length });
    const [id] = [...this.exported.contexts].find(([, name]) => name === context) ?? [];
    const found = id === undefined ? undefined : statuses.get(id);
    if (found !== undefined && found.length > 0 && found.every((status) => status.length > 0)) return found;
    throw this.#giveUp(`the server did not say the ${context} at ${offset}`);
  }

  /** Says goodbye; resolves when the server has closed the connection. Nothing may be under way. */
  async disconnect(): Promise<void> {
    clearTimeout(this.#watchdog);
    if (this.#lost !== undefined) return;
    this.#lost = connectionError(this.what, 'it was closed');
    this.#stream.write(encodeRequest({ command: NBD.CMD_DISC, handle: 0, offset: 0, length: 0 }));
    await this.#stream.end();
  }

  async #request(
    command: number,
    {
      offset,
      length,
      target = NOTHING,
      data = NOTHING,
    }: { offset: number; length: number; target?: Buffer; data?: Uint8Array },
  ): Promise<NbdAnswer> {
    if (this.#lost !== undefined) throw this.#lost;
    const handle = ++this.#lastHandle;
    if (this.#pending.size === 0) this.#watchdog.refresh();
    return new Promise((resolve, reject) => {
      const answer: Pending = {
        target,
        offset,
        filled: 0,
        statuses: new Map(),
        settle: (failure) => (failure === undefined ? resolve(answer) : reject(failure)),
      };
      this.#pending.set(handle, answer);
      this.#stream.write(encodeRequest({ command, handle, offset, length }), data);
    });
  }

  #finish(handle: number): void {
    const answer = this.#pending.get(handle);
    if (answer === undefined) return;
    this.#pending.delete(handle);
    this.#watchdog.refresh();
    if (answer.error !== undefined) answer.settle(requestError(this.what, answer.error));
    else if (answer.filled === answer.target.length) answer.settle();
    // What was not filled is memory of this process that nobody may see.
    else answer.settle(this.#giveUp('the server left out data'));
  }

  #checkSilence(silenceMs: number): void {
    if (this.#pending.size > 0) this.#giveUp(`no answer for ${silenceMs} ms`);
    else this.#watchdog.refresh();
  }

  #giveUp(why: string): DriverError {
    this.#stream.destroy(new Error(why));
    return this.#lose(why);
  }

  #lose(why: string): DriverError {
    clearTimeout(this.#watchdog);
    this.#lost ??= connectionError(this.what, why);
    const lost = this.#lost;
    for (const { settle } of this.#pending.values()) settle(lost);
    this.#pending.clear();
    return lost;
  }
}

function connectionError(what: string, why: string): DriverError {
  const message = `${what}: the connection to qemu-nbd was lost: ${why}`;
  return new DriverError({ code: 'unavailable', message });
}

function requestError(what: string, { number, text }: NonNullable<NbdAnswer['error']>): DriverError {
  const codes: Readonly<Record<number, DriverErrorCode>> = {
    [NBD.ENOSPC]: 'no-space',
    [NBD.ESHUTDOWN]: 'unavailable',
  };
  const said = text === '' ? `error ${number}` : text;
  const advice =
    number === NBD.ENOSPC ? '; no room is left where the image is: free some, or raise the quota' : '';
  const message = `${what}: qemu-nbd answered: ${said}${advice}`;
  return new DriverError({ code: codes[number] ?? 'failed', message });
}
