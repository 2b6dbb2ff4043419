import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { GlusterHost } from '../../support/gluster-host.js';
import type { HostStart, Line, Order, OrderEnd } from './orders.js';

/** Nothing here takes more than seconds. */
const TIMEOUT_MS = 90_000;

/** Compiled beforehand: a program starts much faster so. */
function programFile(): string {
  const [beside, compiled] = ['./program.js', '../../dist/glusterfs/two-hosts/program.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  ) as [string, string];
  return existsSync(beside) ? beside : compiled;
}

/** What serves a share on one host, in a process of its own in that host's network, with a mount of its own. */
export class HostManager implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #waiting = new Map<number, { resolve: (line: Line) => void; reject: (error: Error) => void }>();
  #errors = '';
  #number = 0;

  private constructor(host: GlusterHost, start: HostStart) {
    const command = [...host.namespaces, process.execPath, programFile(), JSON.stringify(start)];
    this.#child = spawn('nsenter', command, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
      timeout: 10 * TIMEOUT_MS,
    });
    this.#closed = once(this.#child, 'close').then(() => this.#fail());
    createInterface({ input: this.#child.stdout! }).on('line', (line) =>
      this.#take(JSON.parse(line) as Line),
    );
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    // It may be dead when it is told something.
    this.#child.stdin!.on('error', () => undefined);
  }

  /** Resolves when it has mounted the share, and has gone on with what was cut off. */
  static async start(host: GlusterHost, share: string, mountPointBase: string): Promise<HostManager> {
    const { directory, network } = host;
    const manager = new HostManager(host, { directory, network, share, mountPointBase });
    const warnings = await manager.#done(0);
    if (Array.isArray(warnings) && warnings.length > 0) throw new Error(warnings.join('; '));
    return manager;
  }

  /** @throws Error where it was refused */
  async do<T = unknown>(order: Order): Promise<T> {
    const end = await this.try(order);
    if (end.end === 'done') return end.result as T;
    throw new Error(`${order.do}: ${end.code}: ${end.message}`);
  }

  async try(order: Order): Promise<OrderEnd> {
    const line = await this.#send(order);
    if (line.end === 'stopped') throw new Error('it stopped where nobody told it to');
    return line;
  }

  /** Resolves when it stands still before a step, with the volume in its hands. */
  async stopAt(order: Order, stopAt: string): Promise<void> {
    const line = await this.#send(order, stopAt);
    if (line.end !== 'stopped') throw new Error(`it did not come to ${stopAt}: ${JSON.stringify(line)}`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #send(order: Order, stopAt?: string): Promise<Line> {
    this.#number += 1;
    const line = this.#line(this.#number);
    this.#child.stdin!.write(`${JSON.stringify({ ...order, number: this.#number, stopAt })}\n`);
    return line;
  }

  async #done(number: number): Promise<unknown> {
    const line = await this.#line(number);
    return line.end === 'done' ? line.result : undefined;
  }

  async #line(number: number): Promise<Line> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), TIMEOUT_MS);
    try {
      return await new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    } finally {
      clearTimeout(timer);
    }
  }

  #take(line: Line): void {
    this.#waiting.get(line.number)?.resolve(line);
    this.#waiting.delete(line.number);
  }

  #fail(): void {
    for (const { reject } of this.#waiting.values())
      reject(new Error(`the host's manager has ended: ${this.#errors}`));
    this.#waiting.clear();
  }
}
