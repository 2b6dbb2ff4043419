import { readdirSync, readFileSync, closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProgramExit, ProgramProcess, ProgramRequest } from '../command/program-process.js';
import { signalGroup } from '../command/signal-group.js';
import { makePipe, socketHolding } from '../libc/descriptors.js';
import type { Starter } from './starter.js';
import type { StarterReport } from './starter-messages.js';

/** How often a process that has lost its parent is looked for. */
const LOOK_MS = 10;

/** The ends of a program's pipes that stay here, and the descriptors that go to it. */
interface Ends {
  readonly stdin: number | undefined;
  readonly stdout: number;
  readonly stderr: number;
  readonly descriptors: readonly number[];
}

/** A process that a {@link Starter} starts for this one. */
export class StartedProcess implements ProgramProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly started: Promise<void>;
  readonly exited: Promise<ProgramExit>;
  readonly orphaned: Promise<string>;
  #pid: number | undefined;
  #isForgotten = false;
  #onStarted: () => void = () => {};
  #onExit: (exit: ProgramExit) => void = () => {};
  #onOrphaned: (reason: string) => void = () => {};

  /** @throws SystemError `EMFILE` where this process has too much open */
  constructor(starter: Starter, { line, env, input, locks }: ProgramRequest) {
    this.started = new Promise((resolve) => (this.#onStarted = resolve));
    this.exited = new Promise((resolve) => (this.#onExit = resolve));
    this.orphaned = new Promise((resolve) => (this.#onOrphaned = resolve));
    const { stdin, stdout, stderr, descriptors } = openEnds(input !== undefined, locks?.fds ?? []);
    this.stdout = readFrom(stdout);
    this.stderr = readFrom(stderr);
    if (stdin !== undefined) writeTo(stdin, input ?? new Uint8Array(), this.exited);
    const { file, args } = line;
    starter.start({ file, args, env, hasInput: stdin !== undefined }, descriptors, {
      onReport: (report) => this.#onReport(report),
      onLost: (reason) => this.#onLost(reason),
    });
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  forget(): void {
    this.#isForgotten = true;
  }

  #onReport(report: StarterReport): void {
    if ('pid' in report) {
      this.#pid = report.pid;
      // Whoever wanted it was told long ago that it could not be ended.
      if (this.#isForgotten) signalGroup(report.pid, 'SIGKILL');
    } else if ('failure' in report) {
      this.#onExit({ failure: report.failure });
    } else {
      this.#onExit({ exitCode: report.exitCode ?? undefined, signal: report.signal ?? undefined });
    }
    this.#onStarted();
  }

  /** The kernel kills a program with its starter, but not what that program has started. */
  #onLost(reason: string): void {
    const pid = this.#pid;
    if (pid !== undefined) {
      signalGroup(pid, 'SIGKILL');
      this.#exitWhenGone(pid).catch(() => {});
    }
    this.#onOrphaned(reason);
    this.#onStarted();
  }

  async #exitWhenGone(pid: number): Promise<void> {
    while (!this.#isForgotten && !isGone(pid)) await delay(LOOK_MS);
    if (!this.#isForgotten) this.#onExit({ signal: 'SIGKILL' });
  }
}

function openEnds(hasInput: boolean, locks: readonly number[]): Ends {
  const opened: number[] = [];
  const open = (ends: readonly number[]): void => void opened.push(...ends);
  try {
    const input = hasInput ? makePipe() : undefined;
    open(input ?? []);
    const output = makePipe();
    open(output);
    const errors = makePipe();
    open(errors);
    const kept = locks.length === 0 ? [] : [socketHolding(locks)];
    const descriptors = [...(input === undefined ? [] : [input[0]]), output[1], errors[1], ...kept];
    return { stdin: input?.[1], stdout: output[0], stderr: errors[0], descriptors };
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  }
}

function readFrom(fd: number): Readable {
  const socket = new Socket({ fd, readable: true, writable: false });
  // What cannot be read has ended; how the program ended is known from elsewhere.
  socket.on('error', () => socket.destroy());
  return socket;
}

/** A program need not read its input. */
function writeTo(fd: number, input: Uint8Array, exited: Promise<unknown>): void {
  const socket = new Socket({ fd, readable: false, writable: true });
  const destroy = (): void => void socket.destroy();
  socket.on('error', destroy);
  socket.end(input);
  exited.then(destroy, destroy);
}

/** A process is not gone as long as one of its threads is not. */
function isGone(pid: number): boolean {
  try {
    const [, state] = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return state === 'X' || (state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1);
  } catch {
    return true;
  }
}
