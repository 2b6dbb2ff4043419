import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Timings } from './report.js';
import { Stopwatch } from './report.js';

const run = promisify(execFile);

const ROUND_MS = 60_000;

/**
 * A Python program that runs the same rounds with another driver, and prints one JSON object: operation -> list of
 * seconds.
 */
export class PeerProgram {
  readonly watch = new Stopwatch();

  constructor(
    private readonly program: string,
    /** What it is called with, for so many rounds. */
    private readonly args: (rounds: number) => readonly string[],
  ) {}

  /** Each call is a process of its own: a round before those that count loads what it needs. */
  async rounds(count: number): Promise<void> {
    const args = [this.program, ...this.args(count + 1)];
    const timeout = (count + 1) * ROUND_MS;
    const { stdout } = await run('/usr/bin/python3', args, { timeout });
    const timings = JSON.parse(stdout) as Timings;
    for (const [operation, seconds] of Object.entries(timings)) {
      for (const each of seconds.slice(seconds.length / (count + 1))) this.watch.add(operation, each);
    }
  }
}
