import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeSocketPair, sendDescriptors } from '../libc/descriptors.js';
import { systemCode } from '../libc/system-error.js';
import { DESCRIPTORS_AT, type StarterReport, type StartOrder } from './starter-messages.js';

/** Compiled, also for whoever runs the sources: a process of its own reads what a build has made. */
const PROGRAM = fileURLToPath(new URL('../../dist/starter/starter-program.js', import.meta.url));

/** It does little, and there is to be as little of it as can be to copy. */
const FLAGS = ['--max-semi-space-size=1', '--v8-pool-size=0', '--disable-warning=ExperimentalWarning'];

/** So many orders are under way at once that the socket for their descriptors can always take another. */
const MOST_UNANSWERED = 64;

/** What sending says when nobody can receive any more. */
const GONE = ['EPIPE', 'ECONNRESET'];

/** What is to be started; the starter gives it a number. */
export type StartRequest = Omit<StartOrder, 'id' | 'descriptors'>;

/** Whoever wants to know what becomes of a program. */
export interface StarterListener {
  readonly onReport: (report: StarterReport) => void;
  /** The starter has ended before the program, or before it was known whether that was started. */
  readonly onLost: (reason: string) => void;
}

interface Waiting {
  readonly order: StartOrder;
  readonly descriptors: readonly number[];
}

/**
 * A process that starts programs for this one, see starter-program.ts. It keeps this one from ending no longer than its
 * programs' own limits do, and ends with it.
 */
export class Starter {
  readonly #child: ChildProcess;
  readonly #socket: number;
  readonly #listeners = new Map<number, StarterListener>();
  readonly #unanswered = new Set<number>();
  #waiting: Waiting[] = [];
  #lastId = 0;
  #hasEnded = false;

  private constructor(child: ChildProcess, socket: number) {
    this.#child = child;
    this.#socket = socket;
    child.on('message', (report) => this.#onReport(report as StarterReport));
    child.once('disconnect', () => child.kill('SIGKILL'));
    child.once('exit', (status, signal) => this.#onEnd(signal ?? `exit status ${status ?? 'unknown'}`));
    child.once('error', (error) => this.#onEnd(systemCode(error) ?? error.message));
    child.unref();
    child.channel?.unref();
  }

  /**
   * Forks this process, which is the last time that it waits for each file that it has open to be closed.
   * @param setpriv the program by which it is killed with this process
   */
  static fork(setpriv: string): Starter {
    const [mine, its] = makeSocketPair();
    try {
      const line = ['--pdeathsig', 'KILL', '--', process.execPath, ...FLAGS, PROGRAM];
      const child = spawn(setpriv, line, {
        env: {},
        cwd: '/',
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'ipc', ...Array<number>(DESCRIPTORS_AT - 3).fill(its)],
      });
      return new Starter(child, mine);
    } finally {
      closeSync(its);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Starts a program, or says why not, as the listener is told.
   * @param descriptors closed here in any case, as soon as the starter has them
   * @returns its number
   */
  start(request: StartRequest, descriptors: readonly number[], listener: StarterListener): number {
    const id = (this.#lastId += 1);
    this.#listeners.set(id, listener);
    this.#waiting.push({ order: { ...request, id, descriptors: descriptors.length }, descriptors });
    this.#send();
    return id;
  }

  #send(): void {
    while (this.#unanswered.size < MOST_UNANSWERED) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#unanswered.add(next.order.id);
      this.#sendOne(next);
    }
  }

  #sendOne({ order, descriptors }: Waiting): void {
    try {
      sendDescriptors(this.#socket, descriptors);
      this.#child.send(order, () => {});
    } catch (error) {
      const code = systemCode(error) ?? 'unknown';
      // Where it has ended, that is heard of by itself.
      if (!GONE.includes(code)) this.#onReport({ id: order.id, failure: code });
    } finally {
      closeAll(descriptors);
    }
  }

  #onReport(report: StarterReport): void {
    const listener = this.#listeners.get(report.id);
    this.#unanswered.delete(report.id);
    if (!('pid' in report)) this.#listeners.delete(report.id);
    listener?.onReport(report);
    this.#send();
  }

  #onEnd(how: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    closeSync(this.#socket);
    for (const { descriptors } of this.#waiting) closeAll(descriptors);
    this.#waiting = [];
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const { onLost } of listeners) onLost(`the process that starts programs has ended (${how})`);
  }
}

function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}
