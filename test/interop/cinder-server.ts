import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a request to Cinder failed with. `type` is the class of Cinder's own exception. */
export class CinderError extends Error {
  constructor(
    readonly operation: string,
    message: string,
    readonly type: string,
  ) {
    super(`${operation}: ${type}: ${message}`);
  }
}

/** What Cinder did, and how many seconds it took within its process. */
export interface CinderAnswer {
  readonly result: unknown;
  readonly elapsed: number;
}

type Line = CinderAnswer & { readonly ok: boolean; readonly error?: string; readonly type?: string };

interface Waiter {
  readonly operation: string;
  readonly resolve: (answer: CinderAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The sources' directory, also where this runs compiled. */
const PROGRAMS = path.dirname(fileURLToPath(import.meta.url)).replace(/\/dist\/interop$/, '/interop');

/** One of OpenStack Cinder's drivers in a process of its own; `cinder_server.py` describes the protocol. */
export class CinderServer implements AsyncDisposable {
  readonly #waiting: Waiter[] = [];
  #complaints = '';

  protected constructor(private readonly process: ChildProcessWithoutNullStreams) {
    createInterface(process.stdout).on('line', (line) => this.#take(JSON.parse(line) as Line));
    process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-4000);
    });
    process.on('close', () => this.#fail());
    process.on('error', () => this.#fail());
    process.stdin.on('error', () => this.#fail());
  }

  /** @param program the name of a file beside this one's source */
  protected static spawn(program: string, args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn('/usr/bin/python3', [path.join(PROGRAMS, program), ...args]);
  }

  /** What it says of itself once it is ready. */
  protected async ready(): Promise<unknown> {
    return (await this.#expect('start')).result;
  }

  /** @throws CinderError if Cinder refuses or fails */
  async send(operation: string, request: Readonly<Record<string, unknown>> = {}): Promise<CinderAnswer> {
    const answer = this.#expect(operation);
    this.process.stdin.write(`${JSON.stringify({ op: operation, ...request })}\n`);
    return answer;
  }

  /** What {@link send} answers, without the time. */
  async call(operation: string, request: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return (await this.send(operation, request)).result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.stdin.end();
    const killer = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    await once(this.process, 'close');
    clearTimeout(killer);
  }

  async #expect(operation: string): Promise<CinderAnswer> {
    return new Promise((resolve, reject) => this.#waiting.push({ operation, resolve, reject }));
  }

  #take({ ok, result, elapsed, error, type }: Line): void {
    const waiter = this.#waiting.shift();
    if (ok) waiter?.resolve({ result, elapsed });
    else waiter?.reject(new CinderError(waiter.operation, error ?? '', type ?? ''));
  }

  #fail(): void {
    for (const { operation, reject } of this.#waiting.splice(0)) {
      reject(new Error(`the Cinder server ended during ${operation}: ${this.#complaints}`));
    }
  }
}
