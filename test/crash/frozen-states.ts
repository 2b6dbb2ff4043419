import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

/** A process that stands still for longer, with nothing more to be read about it, was not meant to. */
const STUCK_MS = 500;

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
  /** Processes that were stopped, and the number of lines that had come when they were last seen to stand still. */
  readonly #leaders = new Map<number, number>();
  #lines = 0;
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
    const watchdog = setInterval(() => this.#releaseStuck(), STUCK_MS);
    try {
      await this.#readAll();
    } finally {
      clearInterval(watchdog);
    }
  }

  /** Two threads that are sent SIGSTOP at once may stop their process once or twice: the second is not waited for. */
  #releaseStuck(): void {
    for (const [leader, lines] of this.#leaders) {
      if (!isStanding(leader)) this.#leaders.set(leader, -1);
      else if (lines === this.#lines) resume(leader);
      else this.#leaders.set(leader, this.#lines);
    }
  }

  async #readAll(): Promise<void> {
    for await (const line of createInterface({ input: this.strace.stdout! })) await this.#read(line);
  }

  async #read(line: string): Promise<void> {
    this.#lines += 1;
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
    this.#leaders.set(leader, -1);
    const stands = await standsStill(leader);
    if (stands && this.#concerns(thread)) await this.#capture();
    resume(leader);
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

/** It may have ended all the same. */
function resume(leader: number): void {
  try {
    process.kill(leader, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function standsStill(leader: number): Promise<boolean> {
  const deadline = performance.now() + STOP_MS;
  while (performance.now() < deadline && existsSync(`/proc/${String(leader)}`)) {
    if (isStanding(leader)) return true;
    await delay(1);
  }
  return false;
}

/** Whether all threads of a process are stopped; one that is gone does not stand. */
function isStanding(leader: number): boolean {
  const tasks = `/proc/${String(leader)}/task`;
  try {
    return readdirSync(tasks).every((task) => isStopped(`${tasks}/${task}/stat`));
  } catch {
    return false;
  }
}

function isStopped(statFile: string): boolean {
  try {
    return /\) [tT] /.test(readFileSync(statFile, 'utf8'));
  } catch {
    return true; // The thread has ended.
  }
}
