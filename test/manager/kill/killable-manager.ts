import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Look, Order, Question } from './orders.js';
import type { Answer, Start } from './program.js';

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 60_000;

/** What became of an order. */
export type OrderEnd =
  | { readonly end: 'done'; readonly result: unknown }
  | { readonly end: 'killed' }
  | { readonly end: 'failed'; readonly code: string; readonly message: string };

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/manager/kill/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** A volume manager in a process of its own, that can be killed at any moment. */
export class KillableManager implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #waiting = new Map<number, (end: OrderEnd) => void>();
  readonly #says = new Map<string, () => void>();
  #errors = '';
  #number = 0;
  #isClosed = false;

  private readonly ready: Promise<void>;

  /** Starts the process; it loads what it needs, and begins nothing before `begin`. */
  constructor() {
    this.#child = spawn(process.execPath, [programFile()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#closed = once(this.#child, 'close').then(() => {
      this.#end();
    });
    this.ready = this.#said('ready');
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#take(JSON.parse(line));
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // It may be dead when it is told something.
    this.#child.stdin!.on('error', () => undefined);
  }

  get isDead(): boolean {
    return this.#isClosed;
  }

  /** What it wrote to its standard error. */
  get errors(): string {
    return this.#errors;
  }

  /** Resolves when the manager has started, or is dead. */
  async begin(start: Start): Promise<void> {
    await this.ready;
    const started = this.#said('started');
    this.#tell(start);
    await started;
  }

  async obey(order: Order | Question, killAtStep?: number): Promise<OrderEnd> {
    if (this.#isClosed) return { end: 'killed' };
    this.#number += 1;
    const number = this.#number;
    const ended = new Promise<OrderEnd>((resolve) => this.#waiting.set(number, resolve));
    this.#tell({ number, order, ...(killAtStep === undefined ? {} : { killAtStep }) });
    const late = new AbortController();
    const limit = sleep(TIMEOUT_MS, undefined, { signal: late.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const end = await ended;
    late.abort();
    await limit;
    return end;
  }

  /** The answer to a question. @throws Error where there is none */
  async ask<T>(question: Question | Order): Promise<T> {
    const end = await this.obey(question);
    if (end.end === 'done') return end.result as T;
    const why = end.end === 'failed' ? `${end.code}: ${end.message}` : `it is dead: ${this.#errors}`;
    throw new Error(`${JSON.stringify(question)} failed: ${why}`);
  }

  async look(): Promise<Look> {
    return this.ask<Look>({ do: 'look' });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** Lets it stop by itself. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #tell(what: unknown): void {
    this.#child.stdin!.write(`${JSON.stringify(what)}\n`);
  }

  async #said(word: string): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#isClosed) resolve();
      else this.#says.set(word, resolve);
    });
  }

  #take(said: unknown): void {
    if (typeof said === 'string') {
      this.#says.get(said)?.();
      return;
    }
    const answer = said as Answer;
    const tell = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ('code' in answer) tell?.({ end: 'failed', code: answer.code, message: answer.message });
    else tell?.({ end: 'done', result: answer.result });
  }

  #end(): void {
    this.#isClosed = true;
    for (const resolve of this.#says.values()) resolve();
    for (const resolve of this.#waiting.values()) resolve({ end: 'killed' });
  }
}

/** Starts the next process while the last one is still at work: most of the time goes into loading. */
export class ManagerSupply implements AsyncDisposable {
  #next = new KillableManager();

  /** A manager that has started; or that is dead, where it was to be killed in its start. */
  async start(start: Start): Promise<KillableManager> {
    const manager = this.#next;
    this.#next = new KillableManager();
    await manager.begin(start);
    return manager;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next[Symbol.asyncDispose]();
  }
}
