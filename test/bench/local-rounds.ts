import { LocalBackend } from '../support/local-backend.js';
import { backendRound } from './backend-round.js';
import { Stopwatch } from './report.js';

/** Runs the local driver as a program would: the real ports, one backend, one operation after the other. */
export class LocalRounds implements AsyncDisposable {
  readonly watch = new Stopwatch();

  private constructor(private readonly local: LocalBackend) {}

  static async start(directory: string): Promise<LocalRounds> {
    return new LocalRounds(await LocalBackend.start(directory));
  }

  async round(depth: number): Promise<void> {
    await backendRound(this.local, this.watch, depth);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
  }
}
