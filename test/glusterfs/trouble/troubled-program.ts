import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
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
  async starter(): Promise<number> {
    const pid = String(this.#child.pid);
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const child of children.trim().split(' ')) {
      const line = await readFile(`/proc/${child}/cmdline`, 'utf8');
      if (line.includes('/starter-program.js\0')) return Number(child);
    }
    throw new Error('it has no process that starts programs');
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
