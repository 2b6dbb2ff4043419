import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { programOf } from '../../commands/run-program.js';
import type { Order } from './program.js';

/** What became of an order. */
export interface Answer {
  readonly result?: unknown;
  readonly failure?: string;
}

interface Said extends Answer {
  readonly number?: number;
  readonly event?: string;
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'latin1');
  return children
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

/** The other process with the driver; this one never touches what may hang. */
export class TroubledProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number | string, (said: Said) => void>();
  #number = 0;

  private constructor() {
    this.#child = spawn(process.execPath, [programOf('test/dist/glusterfs/trouble/program.js')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: '64' },
    });
    this.#child.stdin!.on('error', () => undefined);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as Said;
      this.#waiting.get(said.number ?? said.event ?? '')?.(said);
    });
  }

  static async start(): Promise<TroubledProgram> {
    const program = new TroubledProgram();
    await program.#said('ready', 30_000);
    return program;
  }

  /** What the order comes to. @throws Error if there is no answer within the limit */
  async order(order: Order, limitMs: number): Promise<Answer> {
    const number = (this.#number += 1);
    const answered = this.#said(number, limitMs, JSON.stringify(order));
    this.#child.stdin!.write(`${JSON.stringify({ number, order })}\n`);
    const { result, failure } = await answered;
    return failure === undefined ? { result } : { failure };
  }

  /** Resolves when it stands before the step that it was to pause at. */
  async paused(): Promise<void> {
    await this.#said('paused', 20_000);
  }

  /** The process that starts programs for it. */
  starter(): number {
    for (const child of childrenOf(this.#child.pid!)) {
      const line = readFileSync(`/proc/${String(child)}/cmdline`, 'latin1');
      if (line.includes('/starter-program.js\0')) return child;
    }
    throw new Error('it has no process that starts programs');
  }

  /** The names of its programs that run now. */
  programs(): string[] {
    return childrenOf(this.starter()).flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${String(pid)}/comm`, 'latin1').trim()];
      } catch {
        return []; // it has just ended
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #said(what: number | string, limitMs: number, name = String(what)): Promise<Said> {
    return new Promise<Said>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${String(limitMs / 1000)} s to ${name}`));
      }, limitMs);
      this.#waiting.set(what, (said) => {
        clearTimeout(timer);
        this.#waiting.delete(what);
        resolve(said);
      });
    });
  }
}
