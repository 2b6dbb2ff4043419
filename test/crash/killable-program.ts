import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CrashCase } from './crash-case.js';
import type { ProgramOrder } from './program.js';

export type OrderExtras = Pick<ProgramOrder, 'killAtStep' | 'systemPath'>;

/** What became of an order: it was done, it failed with a message, or the process was killed. */
export type OrderEnd =
  { readonly end: 'done' | 'killed' } | { readonly end: 'failed'; readonly message: string };

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 60_000;

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../dist/crash/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** A process of its own that does operations until it is killed. */
export class KillableProgram implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor() {
    this.#child = spawn(process.execPath, [programFile()], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    this.pid = this.#child.pid!;
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // It may be dead when it is told something.
    this.#child.stdin!.on('error', () => {});
  }

  /** Resolves when it has loaded all it needs. */
  static async start(): Promise<KillableProgram> {
    const program = new KillableProgram();
    if ((await program.#line()) !== 'ready') throw new Error(`it did not start: ${program.#errors}`);
    return program;
  }

  async obey(crashCase: CrashCase, directory: string, extras: OrderExtras = {}): Promise<OrderEnd> {
    const { records } = crashCase.scene;
    const { name: operation } = crashCase.operation;
    const order: ProgramOrder = { directory, operation, format: records.format, records, ...extras };
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
    const said = await this.#line();
    if (said === undefined) return { end: 'killed' };
    return said === 'done' ? { end: 'done' } : { end: 'failed', message: said };
  }

  /** The next line, or `undefined` at its end. */
  async #line(): Promise<string | undefined> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), TIMEOUT_MS);
    const { value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    clearTimeout(timer);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Starts the next program while the last one is still at work: most of the time goes into starting. */
export class ProgramSupply implements AsyncDisposable {
  #next = KillableProgram.start();
  #spare: KillableProgram | undefined;

  async take(): Promise<KillableProgram> {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const program = await this.#next;
    this.#next = KillableProgram.start();
    return program;
  }

  /** One that lives may be taken again. */
  async giveBack(program: KillableProgram): Promise<void> {
    if (this.#spare === undefined) this.#spare = program;
    else await program[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const program = await this.#next;
    await program[Symbol.asyncDispose]();
    await this.#spare?.[Symbol.asyncDispose]();
  }
}
