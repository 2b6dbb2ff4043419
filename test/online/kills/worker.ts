import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Order } from './orders.js';
import { STEP } from './orders.js';

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 60_000;

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/online/kills/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** A process of its own that changes volumes until it is killed. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor() {
    this.#child = spawn(process.execPath, [programFile()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.#closed = once(this.#child, 'close');
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // It may be dead when it is told something.
    this.#child.stdin!.on('error', () => undefined);
  }

  /** Resolves when it has loaded all it needs. */
  static async start(): Promise<Worker> {
    const worker = new Worker();
    if ((await worker.#line()) !== 'ready') throw new Error(`it did not start: ${worker.#errors}`);
    return worker;
  }

  /**
   * @param onStep called with each step's name when it begins
   * @throws Error where the operation failed
   */
  async obey(order: Order, onStep: (name: string) => void = () => undefined): Promise<'done' | 'killed'> {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    for (;;) {
      const said = await this.#line();
      if (said === undefined) {
        await this.#closed;
        return 'killed';
      }
      if (said === 'done') return 'done';
      if (!said.startsWith(STEP)) throw new Error(`${order.work.do} was not killed, but ${said}`);
      onStep(said.slice(STEP.length));
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#closed;
  }

  /** The next line, or `undefined` at its end. */
  async #line(): Promise<string | undefined> {
    const timer = setTimeout(() => this.kill(), TIMEOUT_MS);
    const { value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    clearTimeout(timer);
    return value;
  }
}

/** Starts the next process while the last one is still at work: most of the time goes into loading. */
export class WorkerSupply implements AsyncDisposable {
  #next = Worker.start();

  async take(): Promise<Worker> {
    const worker = await this.#next;
    this.#next = Worker.start();
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#next)[Symbol.asyncDispose]();
  }
}
