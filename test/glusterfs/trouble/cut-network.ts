import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** However the test ends, the network is back after this long. */
const AT_MOST_S = 90;
const TOOL_MS = 10_000;

/** A server's network in which nothing arrives, until this is disposed of or a guard of its own has had enough. */
export class CutNetwork implements AsyncDisposable {
  private constructor(
    private readonly network: string,
    private readonly guard: ChildProcess,
  ) {}

  /** @param network of the server, as an argument of nsenter(1) */
  static async cut(network: string): Promise<CutNetwork> {
    const goOn = ['nsenter', network, 'ip', 'link', 'set', 'lo', 'up'];
    const program = ['-c', `trap '' INT HUP TERM; sleep ${String(AT_MOST_S)}; exec "$@"`, 'guard', ...goOn];
    const guard = spawn('sh', program, { detached: true, stdio: 'ignore', env: process.env });
    await once(guard, 'spawn');
    guard.unref();
    const cut = new CutNetwork(network, guard);
    await cut.#set('down');
    return cut;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#set('up');
    if (this.guard.pid === undefined || this.guard.exitCode !== null) return;
    const ended = once(this.guard, 'exit');
    process.kill(-this.guard.pid, 'SIGKILL');
    await ended;
  }

  async #set(state: 'up' | 'down'): Promise<void> {
    await run('nsenter', [this.network, 'ip', 'link', 'set', 'lo', state], { timeout: TOOL_MS });
  }
}
