import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { standStill } from '../../support/stand-still.js';

/** However the test ends, nothing hangs for longer. */
const AT_MOST_MS = 90_000;

/** The guard goes on where its test is killed, and says so when it is ready to. */
const GUARD = `
  const [pid, milliseconds] = process.argv.slice(1).map(Number);
  const goOn = () => { try { process.kill(pid, 'SIGCONT'); } catch {} };
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.on(signal, () => undefined);
  setTimeout(() => { goOn(); process.exit(); }, milliseconds);
  process.stdout.write('ready');`;

/**
 * The one process with these words in its command line, one after the other.
 * @param last the last of its words, if it matters
 *
 * To be called while all is well: the command line of a process that hangs may not be there to be read.
 */
export async function findProcess(words: readonly string[], last?: string): Promise<number> {
  const wanted = `\0${words.join('\0')}\0`;
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(wanted) && (last === undefined || line.endsWith(`\0${last}\0`)))
      found.push(Number(pid));
  }
  if (found.length === 1) return found[0]!;
  throw new Error(`expected one process with ${words.join(' ')}, found ${String(found.length)}`);
}

/** A process that stands still until this is disposed of, or until a guard of its own has had enough. */
export class StoppedProcess implements AsyncDisposable {
  private constructor(
    private readonly pid: number,
    private readonly guard: ChildProcess,
  ) {}

  static async stop(pid: number): Promise<StoppedProcess> {
    const guard = spawn(process.execPath, ['-e', GUARD, String(pid), String(AT_MOST_MS)], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {},
    });
    await once(guard.stdout, 'data');
    guard.unref();
    await standStill(pid);
    return new StoppedProcess(pid, guard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.kill(this.pid, 'SIGCONT');
    if (this.guard.exitCode !== null || this.guard.signalCode !== null) return;
    const ended = once(this.guard, 'exit');
    this.guard.kill('SIGKILL');
    await ended;
  }
}
