import type { Volume } from '@scoria/core';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { programOf } from '../../commands/run-program.js';
import type { Measured, QueueAnswer, QueueProcessOptions, QueueRequest } from './queue-message.js';

const PROGRAM = 'test/dist/rbd/queue/queue-process.js';
/** As a service is started: librbd's calls take threads, and flattening has a quarter of them. */
const THREADS = '16';
const STOP_MS = 60_000;

/** How far a flattening is. */
export type FlattenProgress = Extract<QueueAnswer, { kind: 'progress' }>;

/** A process of its own that runs the RBD driver and flattens clones in the background, until it is ended or killed. */
export class FlattenProcess implements AsyncDisposable {
  /** What it has said of its flattenings, in order. */
  readonly progress: FlattenProgress[] = [];
  #answered: ((answer: QueueAnswer) => void) | undefined;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message) => {
      const answer = message as QueueAnswer;
      if (answer.kind === 'progress') this.progress.push(answer);
      else this.#answered?.(answer);
    });
  }

  /** Resolves when the backend is started, and goes on with what an earlier one has left. */
  static async start(options: QueueProcessOptions): Promise<FlattenProcess> {
    const env = { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: THREADS };
    const child = fork(programOf(PROGRAM), [JSON.stringify(options)], { stdio: 'inherit', env });
    const started = new FlattenProcess(child);
    await started.#answer();
    return started;
  }

  /** Clones of a volume; those that are to be flattened are in the queue then. */
  async clone(source: Volume, count: number): Promise<readonly Volume[]> {
    const answer = await this.#ask({ order: 'clone', source, count });
    if (answer.kind !== 'cloned') throw unexpected(answer);
    return answer.volumes;
  }

  /** Creates and deletes so many other volumes, one after the other, with a pause before each. */
  async measure(rounds: number, pauseMs = 0): Promise<Measured> {
    const answer = await this.#ask({ order: 'measure', rounds, pauseMs });
    if (answer.kind !== 'measured') throw unexpected(answer);
    return answer.measured;
  }

  async kill(): Promise<void> {
    await this.#end(() => this.child.kill('SIGKILL'));
  }

  /** Ends it in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(() => {
      if (this.child.connected) this.child.disconnect();
    });
  }

  async #end(tell: () => void): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    tell();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  async #ask(request: QueueRequest): Promise<QueueAnswer> {
    const answered = this.#answer();
    this.child.send(request);
    return answered;
  }

  async #answer(): Promise<QueueAnswer> {
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        reject(new Error('the process has ended'));
      };
      this.child.once('exit', gone);
      this.#answered = (answer) => {
        this.child.off('exit', gone);
        resolve(answer);
      };
    });
  }
}

function unexpected(answer: QueueAnswer): Error {
  return new Error(answer.kind === 'failed' ? answer.message : `it has answered ${answer.kind}`);
}

/** The time within which 95 of 100 were done, in milliseconds. */
export function p95(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(0.95 * sorted.length) - 1)] ?? Number.NaN;
}
