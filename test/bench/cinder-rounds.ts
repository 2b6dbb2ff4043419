import { randomUUID } from 'node:crypto';
import { CinderShare } from '../interop/cinder-share.js';
import { Stopwatch } from './report.js';

/** The same rounds by OpenStack Cinder's own driver, each operation timed inside its process. */
export class CinderRounds implements AsyncDisposable {
  readonly watch = new Stopwatch();

  private constructor(private readonly share: CinderShare) {}

  static async start(base: string): Promise<CinderRounds> {
    return new CinderRounds(await CinderShare.start({ base, share: 'bench:/share' }));
  }

  async round(depth: number): Promise<void> {
    const id = randomUUID();
    const snapshots = Array.from({ length: depth }, () => randomUUID());
    await this.#time('create_volume', { id, size_gib: 1 });
    for (const snapshot of snapshots) await this.#time('create_snapshot', { volume_id: id, id: snapshot });
    await this.#time('initialize_connection', { id });
    for (const snapshot of snapshots) await this.#time('delete_snapshot', { id: snapshot });
    await this.#time('delete_volume', { id });
  }

  async #time(operation: string, request: Readonly<Record<string, unknown>>): Promise<void> {
    const { elapsed } = await this.share.send(operation, request);
    this.watch.add(operation, elapsed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.share[Symbol.asyncDispose]();
  }
}
