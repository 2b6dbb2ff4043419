import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { CrashCase } from './crash-case.js';
import { KillableProgram } from './killable-program.js';
import type { ShareImage } from './share-image.js';
import { readShare, sameShare, writeShare } from './share-image.js';

/** What changes files; what is written to small ones is seen when it is brought to the disk. */
const SYSTEM_CALLS = [
  ...['openat', 'fsync', 'fdatasync', 'pwrite64', 'pwritev', 'ftruncate', 'fallocate', 'rename', 'renameat2'],
  ...['unlink', 'unlinkat', 'link', 'linkat', 'mkdir', 'chmod', 'fchmod', 'fchmodat', 'chown'],
  ...['copy_file_range', 'ioctl'],
].join(',');

/** From the signal to all threads standing still; a stop that is over already is not waited for. */
const STOP_MS = 1000;

export interface FrozenStates {
  /** System calls that changed the share, or could have, in the process and in every qemu-img it ran. */
  readonly moments: number;
  /** The share after each of them where it differs from the one before. */
  readonly states: readonly ShareImage[];
}

/**
 * Runs operations and stops them after each system call of their process, and of every qemu-img that it runs, that
 * has to do with the share. What is on the share then is what is there when all of them are killed at that moment.
 */
export class FreezingProgram implements AsyncDisposable {
  readonly #frozen = new Set<ShareImage>();
  /** The last system call of each thread. */
  readonly #calls = new Map<string, string>();
  /** Threads that were sent SIGSTOP and have not stopped yet. */
  readonly #stopping = new Set<string>();
  #directory = '';
  #moments = 0;
  #last: ShareImage | undefined;

  private constructor(
    private readonly program: KillableProgram,
    private readonly strace: ChildProcess,
  ) {}

  static async start(): Promise<FreezingProgram> {
    const program = await KillableProgram.start();
    const inject = `inject=${SYSTEM_CALLS}:signal=SIGSTOP`;
    const args = ['-f', '-y', '-o', '|exec cat', '-e', `trace=${SYSTEM_CALLS}`, '-e', inject];
    const strace = spawn('strace', [...args, '-p', String(program.pid)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      strace.stderr.once('data', () => resolve());
      strace.once('error', reject);
      strace.once('exit', (code) => reject(new Error(`strace ended at once: ${String(code)}`)));
    });
    const freezing = new FreezingProgram(program, strace);
    freezing.#watch().catch((error: unknown) => console.error(error));
    return freezing;
  }

  async run(crashCase: CrashCase, directory: string): Promise<FrozenStates> {
    await writeShare(directory, crashCase.image);
    this.#moments = 0;
    this.#last = undefined;
    this.#frozen.clear();
    this.#directory = directory;
    const result = await this.program.obey(crashCase, directory);
    this.#directory = '';
    if (result.end !== 'done') throw new Error(`it was to be done, but ${JSON.stringify(result)}`);
    return { moments: this.#moments, states: [...this.#frozen] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.strace.kill('SIGKILL');
  }

  async #watch(): Promise<void> {
    for await (const line of createInterface({ input: this.strace.stdout! })) await this.#read(line);
  }

  async #read(line: string): Promise<void> {
    const [, thread, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || text === undefined) return;
    if (text.startsWith('--- SIGSTOP {')) this.#stopping.add(thread);
    else if (text.startsWith('--- stopped by SIGSTOP')) await this.#stopped(thread);
    else if (/^\w+\(/.test(text)) this.#calls.set(thread, text);
  }

  async #stopped(thread: string): Promise<void> {
    if (!this.#stopping.delete(thread)) return;
    const leader = leaderOf(thread);
    if (leader === undefined) return;
    const stands = await standsStill(leader);
    if (stands && this.#concerns(thread)) await this.#capture();
    process.kill(leader, 'SIGCONT');
  }

  #concerns(thread: string): boolean {
    return this.#directory !== '' && this.#calls.get(thread)?.includes(`${this.#directory}/`) === true;
  }

  async #capture(): Promise<void> {
    this.#moments += 1;
    const state = await readShare(this.#directory);
    if (this.#last === undefined || !sameShare(this.#last, state)) this.#frozen.add(state);
    this.#last = state;
  }
}

/** The process of a thread, or `undefined` if it is gone. */
function leaderOf(thread: string): number | undefined {
  try {
    return Number(/^Tgid:\s+(\d+)/m.exec(readFileSync(`/proc/${thread}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

async function standsStill(leader: number): Promise<boolean> {
  const tasks = `/proc/${String(leader)}/task`;
  const deadline = performance.now() + STOP_MS;
  while (performance.now() < deadline) {
    if (readdirSync(tasks).every((task) => isStopped(`${tasks}/${task}/stat`))) return true;
    await delay(1);
  }
  return false;
}

function isStopped(statFile: string): boolean {
  try {
    return /\) [tT] /.test(readFileSync(statFile, 'utf8'));
  } catch {
    return true; // The thread has ended.
  }
}
