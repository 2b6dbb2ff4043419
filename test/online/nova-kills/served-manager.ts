import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ManagerAnswer, ManagerLook, ManagerOrder, ManagerStart } from './orders.js';

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 60_000;

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/online/nova-kills/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** What became of an order. */
export type OrderEnd =
  | { readonly end: 'done'; readonly result: unknown }
  | { readonly end: 'failed'; readonly failure: string }
  | { readonly end: 'killed' };

/** A manager with its HTTP side in a process of its own, which is killed at some moment. */
export class ServedManager implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #waiting = new Map<number, (end: OrderEnd) => void>();
  readonly #lines: ((said: unknown) => void)[] = [];
  readonly #ready: Promise<unknown>;
  #errors = '';
  #number = 0;

  /** Starts the process; it loads what it needs, and begins nothing before `begin`. */
  constructor() {
    this.#child = spawn(process.execPath, [programFile()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: 10 * TIMEOUT_MS,
    });
    this.#closed = once(this.#child, 'close').then(() => {
      for (const tell of this.#waiting.values()) tell({ end: 'killed' });
      this.#waiting.clear();
    });
    this.#ready = this.#nextLine();
    // Whoever begins is told.
    this.#ready.catch(() => undefined);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#take(JSON.parse(line));
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // It may be dead when it is told something.
    this.#child.stdin!.on('error', () => undefined);
  }

  /** Resolves when it answers HTTP, and has begun to go on with what was cut off. */
  async begin(start: ManagerStart): Promise<void> {
    await this.#ready;
    const started = this.#nextLine();
    this.#tell(start);
    await started;
  }

  async try(order: ManagerOrder, killAtStep?: number): Promise<OrderEnd> {
    this.#number += 1;
    const number = this.#number;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), TIMEOUT_MS);
    const ended = new Promise<OrderEnd>((resolve) => this.#waiting.set(number, resolve));
    this.#tell({ number, order, ...(killAtStep === undefined ? {} : { killAtStep }) });
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return { end: 'killed' };
    const end = await ended;
    clearTimeout(timer);
    return end;
  }

  /** @throws Error where it fails */
  async do<T>(order: ManagerOrder): Promise<T> {
    const end = await this.try(order);
    if (end.end === 'done') return end.result as T;
    const why = end.end === 'failed' ? end.failure : `its process has ended: ${this.#errors}`;
    throw new Error(`${JSON.stringify(order)} failed: ${why}`);
  }

  async look(volume: string): Promise<ManagerLook> {
    return this.do<ManagerLook>({ do: 'look', volume });
  }

  /** What it wrote to its log. */
  get errors(): string {
    return this.#errors;
  }

  /** Whatever it is at. */
  killSoon(): void {
    this.#child.kill('SIGKILL');
  }

  /** The same, and resolves when its process has ended. */
  async kill(): Promise<void> {
    this.killSoon();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #tell(what: unknown): void {
    this.#child.stdin!.write(`${JSON.stringify(what)}\n`);
  }

  async #nextLine(): Promise<unknown> {
    return Promise.race([new Promise((resolve) => this.#lines.push(resolve)), this.#failure()]);
  }

  async #failure(): Promise<never> {
    await once(this.#child, 'close');
    throw new Error(`a manager's process has ended: ${this.#errors}`);
  }

  #take(said: unknown): void {
    if (typeof said === 'string') {
      this.#lines.shift()?.(said);
      return;
    }
    const { number, ...end } = said as ManagerAnswer;
    const tell = this.#waiting.get(number);
    this.#waiting.delete(number);
    if ('failure' in end) tell?.({ end: 'failed', failure: end.failure });
    else tell?.({ end: 'done', result: end.result });
  }
}
