import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { DriverError, GIB, type CommandRunner, type DeviceMode, type RunningCommand } from '@scoria/core';
import { systemCode } from '@scoria/host';

import { graphName, type BlockNode } from '../qemu-img/block-graph.js';
import { TOOL_ENVIRONMENT } from '../qemu-img/tool-environment.js';
import { toolError } from '../qemu-img/tool-error.js';

const START_TIMEOUT_MS = 30_000;
const RETRY_MS = 2;
/** How long the end of a process is waited for whose connection is lost. */
const END_MS = 2_000;
const SOCKET_NAME = 's';

export interface NbdServerRequest {
  readonly graph: BlockNode;
  readonly mode: DeviceMode;
  /** Names the image in errors. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** The process is killed after this long. */
  readonly lifetimeMs: number;
  /** See `CommandRequest.locksIn`. */
  readonly locksIn?: readonly string[];
}

/**
 * A qemu-nbd of our own, on a socket in a directory that only this user can enter. It serves one connection, ends
 * by itself when that is closed, having flushed, and dies with this process.
 */
export class NbdServer {
  readonly #process: RunningCommand;
  readonly #directory: string;
  readonly #what: string;
  /** Never rejects. */
  readonly #ended: Promise<'ended' | Error>;

  private constructor(process: RunningCommand, directory: string, what: string) {
    this.#process = process;
    this.#directory = directory;
    this.#what = what;
    this.#ended = process.result.then(
      () => 'ended' as const,
      (error: unknown) => toolError(error, this.#what),
    );
  }

  /** Raises what {@link toolError} makes of a tool that cannot be started. */
  static async start(commands: CommandRunner, request: NbdServerRequest): Promise<NbdServer> {
    const directory = await mkdtemp(join(tmpdir(), 'scoria-nbd-'));
    const what = `qemu-nbd of ${request.what}`;
    try {
      const process = await commands.start({
        command: 'qemu-nbd',
        args: serverArguments(join(directory, SOCKET_NAME), request),
        timeoutMs: request.lifetimeMs,
        signal: request.signal,
        limits: { addressSpaceBytes: 4 * GIB },
        env: TOOL_ENVIRONMENT,
        ...(request.locksIn === undefined ? {} : { locksIn: request.locksIn }),
      });
      return new NbdServer(process, directory, what);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw toolError(error, what);
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Tries to connect until the server listens, or has ended: then raises why. */
  async connected<T>(connect: (socketPath: string) => Promise<T>): Promise<T> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        return await connect(join(this.#directory, SOCKET_NAME));
      } catch (error) {
        const notYet = ['ENOENT', 'ECONNREFUSED'].includes(systemCode(error) ?? '');
        // It listens before it opens the image, and is gone when it cannot.
        const reason = await this.failure(notYet ? RETRY_MS : END_MS);
        if (reason !== undefined || !notYet) throw reason ?? error;
      }
      if (performance.now() > deadline) throw this.#slow('start', START_TIMEOUT_MS);
    }
  }

  /** Waits for the process to end by itself. Raises why it did not end well, or `timeout`. */
  async exited(timeoutMs: number): Promise<void> {
    const reason = await this.#endWithin(timeoutMs);
    if (reason === 'running') throw this.#slow('end', timeoutMs);
    if (reason !== 'ended') throw reason;
  }

  /** Why the process did not end well, if that is known within the time. */
  async failure(withinMs: number): Promise<Error | undefined> {
    const reason = await this.#endWithin(withinMs);
    if (reason === 'running') return undefined;
    if (reason !== 'ended') return reason;
    return new DriverError({ code: 'unavailable', message: `${this.#what} ended too early` });
  }

  /** Ends the process if it is still there, and removes the socket. Stopping twice is fine. */
  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #endWithin(timeoutMs: number): Promise<'running' | 'ended' | Error> {
    const timer = new AbortController();
    try {
      const late = delay(timeoutMs, 'running' as const, { signal: timer.signal });
      return await Promise.race([this.#ended, late]);
    } finally {
      timer.abort();
    }
  }

  #slow(what: string, timeoutMs: number): DriverError {
    return new DriverError({
      code: 'timeout',
      message: `${this.#what} did not ${what} within ${timeoutMs} ms`,
    });
  }
}

function serverArguments(socket: string, { graph, mode }: NbdServerRequest): string[] {
  const access = mode === 'read-only' ? ['--read-only'] : [];
  return ['--socket', socket, '--cache=writeback', '--allocation-depth', ...access, '--', graphName(graph)];
}
