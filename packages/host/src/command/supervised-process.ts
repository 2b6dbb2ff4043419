import { execa } from 'execa';
import type { ChildProcess } from 'node:child_process';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { timerMs } from '../clock/timer.js';
import type { LentLocks } from '../lock/held-locks.js';
import { BoundedOutput } from './bounded-output.js';
import type { CommandLine } from './command-line.js';
import { signalGroup } from './signal-group.js';

/** Why a process was killed by its supervisor. */
export type KillReason = 'timeout' | 'cancelled' | 'stopped' | 'output';

export interface ProcessRequest {
  readonly line: CommandLine;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly maxOutputBytes: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** What the process inherits; it is started in the turn in which these were lent. */
  readonly locks?: LentLocks | undefined;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly killedFor: KillReason | undefined;
  /** Set when the process goes on in spite of SIGKILL: it hangs within the kernel, or is another user's. */
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
  /** undefined when it could not be started. */
  readonly pid: number | undefined;
  readonly ended: Promise<ProcessEnd>;
  readonly #request: ProcessRequest;
  readonly #process: ReturnType<typeof spawn>;
  readonly #stdout: BoundedOutput;
  readonly #stderr: BoundedOutput;
  readonly #exited: Promise<void>;
  readonly #startedAt = performance.now();
  readonly #done = new AbortController();
  #killedFor: KillReason | undefined;
  #giveUp: () => void = () => {};

  constructor(request: ProcessRequest) {
    this.#request = request;
    this.#process = spawn(request);
    this.pid = this.#process.pid;
    const overflow = () => this.kill('output');
    this.#stdout = new BoundedOutput(this.#process.stdout, request.maxOutputBytes, overflow);
    this.#stderr = new BoundedOutput(this.#process.stderr, request.maxOutputBytes, overflow);
    this.#exited = exitOf(this.#process);
    this.ended = this.#supervise();
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
    const givenUp = new Promise<undefined>((resolve) => {
      this.#giveUp = () => resolve(undefined);
    });
    const result = await Promise.race([this.#process, givenUp]);
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    this.#done.abort();
    return {
      exitCode: result?.exitCode,
      signal: result?.signal,
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
      durationMs: performance.now() - this.#startedAt,
      killedFor: this.#killedFor,
      stillRunning: result === undefined,
      // The error itself has the arguments in it, secrets and all.
      startFailure: this.pid === undefined ? (result?.code ?? 'unknown') : undefined,
    };
  }

  async #terminate(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    await settlesWithin(this.#exited, this.#request.graceMs);
    signalGroup(pid, 'SIGKILL');
    if (!(await settlesWithin(this.#exited, KILL_WAIT_MS))) this.#abandon();
  }

  /** It cannot be killed: its locks stay with it, and nobody here waits for it any longer. */
  #abandon(): void {
    this.#request.locks?.abandon();
    this.#process.unref();
    this.#closePipes();
    this.#giveUp();
  }

  async #drainAfterExit(): Promise<void> {
    await this.#exited;
    const count = () => this.#stdout.chunkCount + this.#stderr.chunkCount;
    let before;
    do {
      before = count();
      await settlesWithin(this.ended, DRAIN_MS);
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

/** In a group and session of its own, and in no directory that it would keep from being unmounted. */
const spawn = ({ line, env, input, locks }: ProcessRequest) =>
  execa(line.file, line.args, {
    shell: false,
    extendEnv: false,
    env,
    cwd: '/',
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...inherited(locks)],
    ...(input === undefined ? {} : { input }),
  });

/** Any descriptor is passed on as it is, whatever the types of execa say. */
function inherited(locks: LentLocks | undefined): 3[] {
  return (locks?.fds ?? []) as 3[];
}

async function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
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
