import { injectable } from 'inversify';

/**
 * One turn at a time for each volume, within this process: work on several snapshots of one volume is accepted side
 * by side and carried out in order, without waiting for the driver's locks until they time out.
 */
@injectable()
export class VolumeTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` after what came before it on the volume has ended, however it ended. */
  async take<T>(volumeId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(volumeId) ?? Promise.resolve();
    const result = before.then(work);
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(volumeId, ended);
    try {
      return await result;
    } finally {
      if (this.#last.get(volumeId) === ended) this.#last.delete(volumeId);
    }
  }
}
