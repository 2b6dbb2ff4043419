import { Mutex } from 'async-mutex';
import { inject, injectable } from 'inversify';
import PQueue from 'p-queue';
import { Configuration } from '../configuration.js';

/** The order of work in this process: one operation at a time on a volume, so many at a time on a backend. */
@injectable()
export class BackendQueues {
  readonly #queues = new Map<string, PQueue>();
  readonly #mutexes = new Map<string, { readonly mutex: Mutex; users: number }>();

  constructor(@inject(Configuration) private readonly configuration: Configuration) {}

  /** Operations that wait for their turn. */
  waiting(backend: string): number {
    return this.#queues.get(backend)?.size ?? 0;
  }

  /** Runs `work` when nothing else runs on any of the volumes, and the backend has a place. */
  async run<T>(
    backend: string | undefined,
    volumeIds: readonly string[],
    work: () => Promise<T>,
  ): Promise<T> {
    const [first, ...others] = [...new Set(volumeIds)].sort();
    if (first !== undefined) return this.#alone(first, () => this.run(backend, others, work));
    return backend === undefined ? work() : (this.#queueOf(backend).add(work) as Promise<T>);
  }

  async #alone<T>(volumeId: string, work: () => Promise<T>): Promise<T> {
    const entry = this.#mutexes.get(volumeId) ?? { mutex: new Mutex(), users: 0 };
    this.#mutexes.set(volumeId, entry);
    entry.users += 1;
    try {
      return await entry.mutex.runExclusive(work);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.#mutexes.delete(volumeId);
    }
  }

  #queueOf(backend: string): PQueue {
    const known = this.#queues.get(backend);
    if (known !== undefined) return known;
    const made = new PQueue({ concurrency: this.configuration.backendConcurrency });
    this.#queues.set(backend, made);
    return made;
  }
}
