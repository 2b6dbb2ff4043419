import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Timings } from './report.js';
import { Stopwatch } from './report.js';

const run = promisify(execFile);

const ROUND_MS = 60_000;

/**
 * A program that runs the same rounds with another driver: `PROGRAM DIR N DEPTH` prints one JSON object, operation ->
 * list of seconds.
 */
export class PeerProgram {
  readonly watch = new Stopwatch();

  constructor(
    private readonly program: string,
    private readonly directory: string,
  ) {}

  /** Each call is a process of its own: a round before those that count loads what it needs. */
  async rounds(count: number, depth: number): Promise<void> {
    const args = [this.program, this.directory, String(count + 1), String(depth)];
    const timeout = (count + 1) * ROUND_MS;
    const { stdout } = await run('/usr/bin/python3', args, { timeout });
    const timings = JSON.parse(stdout) as Timings;
    for (const [operation, seconds] of Object.entries(timings)) {
      for (const each of seconds.slice(seconds.length / (count + 1))) this.watch.add(operation, each);
    }
  }
}
