import type { GuardedDriver, Snapshot, Volume } from '@scoria/core';
import { MIB } from '@scoria/core';
import { openAndRead } from '@scoria/testkit';
import { Seeded } from '../../support/seeded.js';
import type { DriverInUse } from '../volume-in-use.js';
import { VolumeInUse } from '../volume-in-use.js';
import type { WritingGuest } from '../writing-guest.js';
import type { KillPlace, StartedDriver } from './places.js';
import { filesOn, requireWhole } from './share-look.js';
import { WatchedCompute } from './watched-compute.js';

const SIZE = 4 * MIB;
const FEW_WRITES = 12;

/** A volume that a guest writes to all the time, and the driver of the process that is there now. */
export class KillScene implements AsyncDisposable {
  readonly compute = new WatchedCompute();
  onStep: (name: string) => Promise<void> | void = () => undefined;
  #started: StartedDriver | undefined;
  #volume: VolumeInUse | undefined;

  private constructor(
    readonly place: KillPlace,
    readonly random: Seeded,
  ) {}

  static async open(place: KillPlace, seed: number): Promise<KillScene> {
    const scene = new KillScene(place, new Seeded(seed));
    await scene.start({ knowsGuests: true });
    const on: DriverInUse = {
      get driver() {
        return scene.driver;
      },
      context: () => scene.#on.context(),
      directoryOf: () => place.directory,
    };
    scene.#volume = await VolumeInUse.create(on, new Seeded(seed + 1), place.sockets, SIZE);
    await scene.volume.attach();
    return scene;
  }

  get volume(): VolumeInUse {
    if (this.#volume === undefined) throw new Error('the scene has not been opened');
    return this.#volume;
  }

  get guest(): WritingGuest {
    const { guest } = this.volume;
    if (guest === undefined) throw new Error('the volume has no guest now');
    return guest;
  }

  get driver(): GuardedDriver {
    return this.#on.driver;
  }

  get #on(): StartedDriver {
    if (this.#started === undefined) throw new Error('no driver has been started');
    return this.#started;
  }

  /**
   * As a new process.
   * @param knowsGuests whether it finds the guest of a volume before an operation names it
   */
  async start({ knowsGuests }: { readonly knowsGuests: boolean }): Promise<void> {
    await this.stop();
    this.compute.recorded = (volumeId) =>
      knowsGuests && volumeId === this.#volume?.volume.id ? (this.volume.volume.attachments ?? []) : [];
    const { compute } = this;
    this.#started = await this.place.start({ compute, onStep: async (name) => this.onStep(name) });
  }

  async stop(): Promise<void> {
    await this.#started?.[Symbol.asyncDispose]();
    this.#started = undefined;
  }

  /** Does something with the driver that is there now. */
  async run<T>(
    work: (driver: GuardedDriver, context: ReturnType<StartedDriver['context']>) => Promise<T>,
  ): Promise<T> {
    return work(this.driver, this.#on.context());
  }

  async read(object: Volume | Snapshot): Promise<Buffer> {
    return this.run((driver, context) => openAndRead(driver, context, object));
  }

  /** Has the guest write, and so many snapshots there: the oldest go where there are more. */
  async haveSnapshots(count: number): Promise<void> {
    const { volume } = this;
    while (volume.snapshots.length > count) await volume.deleteSnapshot(volume.snapshots[0]!);
    while (volume.snapshots.length < count) {
      await this.guest.afterWrites(FEW_WRITES);
      await volume.snapshot();
    }
    await this.guest.afterWrites(FEW_WRITES);
  }

  get hasJournal(): Promise<boolean> {
    const name = `${this.volume.volume.id}.json`;
    return filesOn(this.place.directory).then((files) => files.includes(name));
  }

  /**
   * A guest runs, goes on writing, and can have its volume's snapshots taken, which have everything it was told is
   * written; all others read as they did, and the share is in order.
   */
  async requireInOrder(): Promise<void> {
    const { volume, place } = this;
    if (volume.guest === undefined) await volume.attach();
    await this.guest.afterWrites(FEW_WRITES);
    await volume.snapshot();
    await volume.check();
    const ids = volume.snapshots.map(({ snapshot }) => snapshot.id);
    await requireWhole(place.directory, volume.volume.id, ids);
  }

  /** Ends the guest, compares everything, deletes it, and finds nothing left. */
  async finish(): Promise<void> {
    await this.volume.remove();
    const left = await filesOn(this.place.directory);
    if (left.length > 0) throw new Error(`this is left: ${left.join(', ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#volume?.[Symbol.asyncDispose]();
    await this.stop();
  }
}
