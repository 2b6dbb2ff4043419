import type { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { timerMs } from '../clock/timer.js';
import { BoundedOutput } from './bounded-output.js';
import type { ProgramExit, ProgramProcess, ProgramRequest } from './program-process.js';
import { signalGroup } from './signal-group.js';

/** Why a process was killed by its supervisor, or that its own parent has ended. */
export type KillReason = 'timeout' | 'cancelled' | 'stopped' | 'output' | 'orphaned';

export interface ProcessRequest extends ProgramRequest {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly maxOutputBytes: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly killedFor: KillReason | undefined;
  /** What has become of its parent, where that is why. */
  readonly orphanedBy: string | undefined;
  /**
   * Set when the process goes on in spite of SIGKILL: it hangs within the kernel, or is another user's; or when nobody
   * can tell.
   */
  readonly stillRunning: boolean;
  /** Why it could not be started: 'EACCES', 'E2BIG' and so on. */
  readonly startFailure: string | undefined;
}

/** After SIGKILL a process is gone at once unless it hangs in a system call, on a dead server for instance. */
const KILL_WAIT_MS = 5000;
/** How long to read on after the end while someone else, a daemon it has left, holds the pipes. */
const DRAIN_MS = 500;

/** A process with its time limit, its bounded output, and the end of its whole group when it is killed. */
export class SupervisedProcess {
  /** Resolves when it is known whether it could be started. */
  readonly started: Promise<void>;
  readonly ended: Promise<ProcessEnd>;
  readonly #request: ProcessRequest;
  readonly #process: ProgramProcess;
  readonly #stdout: BoundedOutput;
  readonly #stderr: BoundedOutput;
  readonly #startedAt = performance.now();
  readonly #done = new AbortController();
  #killedFor: KillReason | undefined;
  #orphanedBy: string | undefined;
  #giveUp: () => void = () => {};

  /** @param process has just been started as the request says */
  constructor(request: ProcessRequest, process: ProgramProcess) {
    this.#request = request;
    this.#process = process;
    const overflow = () => this.kill('output');
    this.#stdout = new BoundedOutput(process.stdout, request.maxOutputBytes, overflow);
    this.#stderr = new BoundedOutput(process.stderr, request.maxOutputBytes, overflow);
    this.ended = this.#supervise();
    this.started = Promise.race([process.started, this.ended.then(() => {})]);
  }

  /** undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Ends the process and its children: SIGTERM, and SIGKILL after a while. Only the first reason counts. */
  kill(reason: KillReason): void {
    if (this.#killedFor !== undefined || this.#done.signal.aborted) return;
    this.#killedFor = reason;
    this.#terminate().catch(() => this.#abandon());
  }

  async #supervise(): Promise<ProcessEnd> {
    const { timeoutMs, signal } = this.#request;
    const timer = setTimeout(() => this.kill('timeout'), timerMs(timeoutMs));
    const cancel = () => this.kill('cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    this.#drainAfterExit().catch(() => this.#closePipes());
    this.#process.orphaned.then(
      (by) => this.#onOrphaned(by),
      () => this.#abandon(),
    );
    const givenUp = new Promise<undefined>((resolve) => {
      this.#giveUp = () => resolve(undefined);
    });
    const exit = await Promise.race([this.#completed(), givenUp]);
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    this.#done.abort();
    return {
      exitCode: exit?.exitCode,
      signal: exit?.signal,
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
      durationMs: performance.now() - this.#startedAt,
      killedFor: this.#killedFor,
      orphanedBy: this.#orphanedBy,
      stillRunning: exit === undefined,
      startFailure: exit?.failure,
    };
  }

  /** When it has exited and all that it has written is read. */
  async #completed(): Promise<ProgramExit> {
    const { exited, stdout, stderr } = this.#process;
    const [exit] = await Promise.all([exited, closed(stdout), closed(stderr)]);
    return exit;
  }

  /** Whether one that was about to be started runs now is not known. */
  #onOrphaned(by: string): void {
    this.#orphanedBy = by;
    if (this.pid === undefined) {
      this.#killedFor ??= 'orphaned';
      this.#abandon();
    } else {
      this.kill('orphaned');
    }
  }

  async #terminate(): Promise<void> {
    const { started, exited } = this.#process;
    await settlesWithin(started, this.#request.graceMs);
    this.#signal('SIGTERM');
    await settlesWithin(exited, this.#request.graceMs);
    this.#signal('SIGKILL');
    if (await settlesWithin(exited, KILL_WAIT_MS)) return;
    // It may have been started only now.
    this.#signal('SIGKILL');
    this.#abandon();
  }

  #signal(name: NodeJS.Signals): void {
    if (this.pid !== undefined) signalGroup(this.pid, name);
  }

  /** It cannot be killed: its locks stay with it, and nobody here waits for it any longer. */
  #abandon(): void {
    this.#request.locks?.abandon();
    this.#process.forget();
    this.#closePipes();
    this.#giveUp();
  }

  async #drainAfterExit(): Promise<void> {
    const { failure } = await this.#process.exited;
    const count = () => this.#stdout.chunkCount + this.#stderr.chunkCount;
    let before;
    do {
      before = count();
      if (failure === undefined) await settlesWithin(this.ended, DRAIN_MS);
      // A busy event loop may be late with the data as well: it is read before the next turn.
      await nextTurn();
    } while (count() !== before);
    this.#closePipes();
  }

  #closePipes(): void {
    this.#process.stdout.destroy();
    this.#process.stderr.destroy();
  }
}

async function closed(stream: Readable): Promise<void> {
  if (stream.closed) return;
  await new Promise<void>((resolve) => {
    stream.once('close', () => resolve());
  });
}

async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    const settled = promise.then(() => true);
    return await Promise.race([settled, delay(milliseconds, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
