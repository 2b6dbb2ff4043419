import { DriverError, isDriverError, throwIfCancelled, type OperationContext } from '@scoria/core';
import { systemCode } from '@scoria/host';
import { setTimeout as delay } from 'node:timers/promises';

import { QmpConnection, type QmpExecutor, type QmpOptions } from './qmp-connection.js';

const RETRY_MS = 100;

export interface QmpMonitorOptions {
  /** How long to wait for others that are connected. */
  readonly waitMs: number;
}

/**
 * A monitor that may be let go of for a while: it serves one connection at a time, and a guest has other volumes with
 * jobs that take hours. Connects when a command is given.
 */
export class QmpMonitor implements QmpExecutor, AsyncDisposable {
  #connection: QmpConnection | undefined;
  #isClosed = false;

  constructor(
    private readonly socketPath: string,
    private readonly context: Pick<OperationContext, 'signal' | 'requestId'>,
    private readonly options: QmpMonitorOptions,
  ) {}

  /** @throws DriverError `unavailable`, with the system's error as its cause; `cancelled` */
  async connect(): Promise<void> {
    throwIfCancelled(this.context);
    await this.#connected(this.context.signal);
  }

  async execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    options: QmpOptions = {},
  ): Promise<unknown> {
    const connection = await this.#connected(options.signal);
    return connection.execute(command, args, options);
  }

  /** Lets others have the monitor until the next command. */
  async release(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.[Symbol.asyncDispose]();
  }

  /** What is under way is `unavailable` then; a job goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.release();
  }

  async #connected(signal: AbortSignal | undefined): Promise<QmpConnection> {
    this.#requireOpen();
    if (this.#connection !== undefined) return this.#connection;
    const connection = await this.#open(signal);
    this.#connection = connection;
    if (this.#isClosed) await this.release();
    this.#requireOpen();
    return connection;
  }

  #requireOpen(): void {
    if (!this.#isClosed) return;
    const message = `the monitor at ${this.socketPath} is not to be asked any more: its user is done with it`;
    throw new DriverError({ code: 'unavailable', message });
  }

  /** A socket with a full queue of waiting connections says so at once instead of letting them wait. */
  async #open(signal: AbortSignal | undefined): Promise<QmpConnection> {
    const end = performance.now() + this.options.waitMs;
    for (;;) {
      try {
        const timeoutMs = Math.max(end - performance.now(), 1);
        return await QmpConnection.open(this.socketPath, {
          timeoutMs,
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (error) {
        const isFull = isDriverError(error, 'unavailable') && systemCode(error.cause) === 'EAGAIN';
        if (!isFull || performance.now() > end || signal?.aborted === true) throw error;
      }
      await delay(RETRY_MS);
    }
  }
}

/** Whether an error of {@link QmpMonitor.connect} says that no process is behind the socket. */
export function saysNobodyThere(error: unknown): boolean {
  if (!isDriverError(error, 'unavailable')) return false;
  return ['ENOENT', 'ECONNREFUSED'].includes(systemCode(error.cause) ?? '');
}
