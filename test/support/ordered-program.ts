import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 90_000;

/** What became of an order. */
export type OrderEnd =
  | { readonly end: 'done'; readonly result: unknown }
  | { readonly end: 'failed'; readonly code: string; readonly failure: string }
  | { readonly end: 'killed' };

/** A line from the program: what became of an order. */
export type ProgramAnswer = { readonly number: number } & (
  { readonly result: unknown } | { readonly code: string; readonly failure: string }
);

/** A line to the program. */
export interface NumberedOrder<Order> {
  readonly number: number;
  readonly order: Order;
  /** SIGKILL at the beginning of this step of what is done, counted from 1. */
  readonly killAtStep?: number;
}

/**
 * A process of its own that obeys, several orders at a time, until it is killed; see `obeyOrders` for the other side.
 */
export class OrderedProgram<Start, Order> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #waiting = new Map<number, (end: OrderEnd) => void>();
  readonly #lines: (() => void)[] = [];
  readonly #ready: Promise<unknown>;
  #errors = '';
  #number = 0;
  #isClosed = false;

  /** Starts the process; it loads what it needs, and begins nothing before `begin`. */
  constructor(command: readonly [string, ...string[]]) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: 10 * TIMEOUT_MS,
    });
    this.#closed = once(this.#child, 'close').then(() => {
      this.#end();
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

  /** Resolves when it has done what it does first. */
  async begin(start: Start): Promise<void> {
    await this.#ready;
    const begun = this.#nextLine();
    this.#tell(start);
    await begun;
  }

  async try(order: Order, killAtStep?: number): Promise<OrderEnd> {
    if (this.#isClosed) return { end: 'killed' };
    this.#number += 1;
    const number = this.#number;
    const timer = setTimeout(() => {
      this.killSoon();
    }, TIMEOUT_MS);
    const ended = new Promise<OrderEnd>((resolve) => this.#waiting.set(number, resolve));
    const numbered: NumberedOrder<Order> = {
      number,
      order,
      ...(killAtStep === undefined ? {} : { killAtStep }),
    };
    this.#tell(numbered);
    const end = await ended;
    clearTimeout(timer);
    return end;
  }

  /** @throws Error where it fails */
  async do<T = unknown>(order: Order): Promise<T> {
    const end = await this.try(order);
    if (end.end === 'done') return end.result as T;
    const why =
      end.end === 'failed' ? `${end.code}: ${end.failure}` : `its process has ended: ${this.#errors}`;
    throw new Error(`${JSON.stringify(order)} failed: ${why}`);
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

  async #nextLine(): Promise<void> {
    await Promise.race([
      new Promise<void>((resolve) => this.#lines.push(resolve)),
      once(this.#child, 'close').then(() => {
        throw new Error(`a program has ended: ${this.#errors}`);
      }),
    ]);
  }

  #take(said: unknown): void {
    if (typeof said === 'string') {
      this.#lines.shift()?.();
      return;
    }
    const { number, ...answer } = said as ProgramAnswer;
    const tell = this.#waiting.get(number);
    this.#waiting.delete(number);
    tell?.('failure' in answer ? { end: 'failed', ...answer } : { end: 'done', result: answer.result });
  }

  #end(): void {
    this.#isClosed = true;
    for (const tell of this.#waiting.values()) tell({ end: 'killed' });
    this.#waiting.clear();
  }
}
