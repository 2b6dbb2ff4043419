import { DriverError, messageOf } from '@scoria/core';
import { connect, type Socket } from 'node:net';

import { refusalError, type QmpRefusal } from './qmp-error.js';
import { LineAssembler } from './qmp-lines.js';

const DEFAULT_TIMEOUT_MS = 30_000;

export interface QmpOptions {
  /** How long the greeting, and each answer, may take; 30 s unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface Message {
  readonly QMP?: unknown;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: QmpRefusal;
}

/** What has commands carried out: a connection, or what makes one when it is needed. */
export interface QmpExecutor {
  /**
   * Has one command carried out.
   * @throws DriverError `failed` (or `no-space`, `not-supported`) where it is refused; `unavailable` where no answer
   *   comes, and `cancelled` where it is not waited for any longer: the command may have been carried out then
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>, options?: QmpOptions): Promise<unknown>;
}

/**
 * A connection to the monitor of a QEMU or qemu-storage-daemon, over its Unix socket (QMP: one JSON document a line).
 * A monitor serves one connection at a time; others wait for the greeting.
 * When it is lost, everything under way and all that follows is rejected with `unavailable`.
 */
export class QmpConnection implements QmpExecutor, AsyncDisposable {
  readonly #pending = new Map<number, (outcome: Message | DriverError) => void>();
  readonly #lines = new LineAssembler();
  readonly #what: string;
  #greeted: ((greeting: undefined | DriverError) => void) | undefined;
  #lost: DriverError | undefined;
  #lastId = 0;

  private constructor(
    private readonly socket: Socket,
    socketPath: string,
  ) {
    this.#what = `the monitor at ${socketPath}`;
    socket.on('error', (error) => this.#lose(messageOf(error), error));
    socket.on('close', () => this.#lose('it was closed'));
    socket.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  /**
   * @throws DriverError `unavailable` where nobody listens (with the system's error as its cause), where what listens is
   *   no monitor, and where it serves somebody else all the time; `cancelled`
   */
  static async open(socketPath: string, options: QmpOptions = {}): Promise<QmpConnection> {
    const connection = new QmpConnection(connect(socketPath), socketPath);
    try {
      await connection.#greeting(options);
      await connection.execute('qmp_capabilities', {}, options);
      return connection;
    } catch (error) {
      connection.#giveUp('the connection was given up');
      throw error;
    }
  }

  async execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    options: QmpOptions = {},
  ): Promise<unknown> {
    this.#requireConnection();
    const id = ++this.#lastId;
    const answered = new Promise<Message | DriverError>((settle) => this.#pending.set(id, settle));
    this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    try {
      const outcome = await this.#within(answered, `an answer to ${command}`, options);
      if (outcome instanceof DriverError) throw outcome;
      if (outcome.error !== undefined) throw refusalError(this.#what, command, outcome.error);
      return outcome.return;
    } finally {
      this.#pending.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose('this side has closed it');
    if (this.socket.closed) return;
    await new Promise<void>((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.destroy();
    });
  }

  async #greeting(options: QmpOptions): Promise<void> {
    this.#requireConnection();
    const greeted = new Promise<undefined | DriverError>((resolve) => (this.#greeted = resolve));
    const what = 'its greeting (it serves one at a time: something else may be connected)';
    const lost = await this.#within(greeted, what, options);
    if (lost !== undefined) throw lost;
  }

  #requireConnection(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  async #within<T>(
    work: Promise<T>,
    what: string,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: QmpOptions,
  ): Promise<T> {
    const over = new AbortController();
    const ended = endOf(over.signal, signal, timeoutMs).then((end) => {
      throw end === 'late'
        ? this.#error('unavailable', `did not give ${what} in ${timeoutMs / 1000} s`)
        : this.#error('cancelled', `was not waited for: ${what} is not wanted any more`);
    });
    try {
      return await Promise.race([work, ended]);
    } finally {
      over.abort();
    }
  }

  #hear(text: string): void {
    const lines = this.#lines.take(text);
    if (lines === undefined) this.#giveUp('it says more in one line than a monitor does');
    for (const line of lines ?? []) if (line.trim() !== '') this.#take(line);
  }

  /** Events are nobody's answer: what a command has come to is asked for. */
  #take(line: string): void {
    const message = parse(line);
    if (message === undefined) this.#giveUp('what it says is no QMP');
    else if (message.QMP !== undefined) this.#greeted?.(undefined);
    else if (message.id !== undefined) this.#pending.get(message.id)?.(message);
  }

  #giveUp(why: string): void {
    this.#lose(why);
    this.socket.destroy();
  }

  #lose(why: string, cause?: unknown): void {
    this.#lost ??= this.#error('unavailable', `cannot be reached: ${why}`, cause);
    this.#greeted?.(this.#lost);
    for (const settle of this.#pending.values()) settle(this.#lost);
  }

  #error(code: 'cancelled' | 'unavailable', what: string, cause?: unknown): DriverError {
    return new DriverError({ code, message: `${this.#what} ${what}`, cause });
  }
}

/** Settles at the time limit or at the caller's signal; never where the wait is over before. */
async function endOf(
  over: AbortSignal,
  cancelled: AbortSignal | undefined,
  timeoutMs: number,
): Promise<'late' | 'cancelled'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), timeoutMs);
    const cancel = (): void => resolve('cancelled');
    cancelled?.addEventListener('abort', cancel, { once: true });
    if (cancelled?.aborted === true) cancel();
    over.addEventListener('abort', () => {
      clearTimeout(timer);
      cancelled?.removeEventListener('abort', cancel);
    });
  });
}

function parse(line: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
