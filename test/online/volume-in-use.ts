import type { GuardedDriver, OperationContext, Snapshot, Volume, VolumeAttachment } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import { makeSnapshot, makeVolume, openAndRead } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Seeded } from '../support/seeded.js';
import { WritingGuest } from './writing-guest.js';

/** What a test has of a driver. */
export interface DriverInUse {
  readonly driver: GuardedDriver;
  context(): OperationContext;
  /** Where the files of a volume are on this host. */
  directoryOf(volume: Volume): string;
}

interface PointInTime {
  readonly snapshot: Snapshot;
  readonly bytes: Buffer;
}

/** A volume, the guest that uses it at times, and what everything must read as. */
export class VolumeInUse implements AsyncDisposable {
  readonly snapshots: PointInTime[] = [];
  guest: WritingGuest | undefined;
  /** What the volume reads as while no guest has it. */
  bytes: Buffer;
  #guests = 0;

  private constructor(
    private readonly on: DriverInUse,
    private readonly random: Seeded,
    /** Where the guests' sockets are. */
    private readonly sockets: string,
    public volume: Volume,
  ) {
    this.bytes = Buffer.alloc(volume.sizeBytes);
  }

  static async create(
    on: DriverInUse,
    random: Seeded,
    sockets: string,
    sizeBytes: number,
  ): Promise<VolumeInUse> {
    const volume = makeVolume({ id: randomUUID(), sizeBytes });
    const update = await on.driver.createVolume(on.context(), volume);
    return new VolumeInUse(on, random, sockets, { ...applyUpdate(volume, update), status: 'available' });
  }

  /** Starts a guest on the file that the driver names, in the format that it names. */
  async attach(): Promise<void> {
    const { on, volume } = this;
    const info = await on.driver.initializeConnection(on.context(), volume, { host: 'here' });
    const { name, format } = info.data as { name: string; format: 'raw' | 'qcow2' };
    const image = { file: path.join(on.directoryOf(volume), name), format };
    this.#guests += 1;
    const guestName = `${volume.id.slice(0, 8)}-${String(this.#guests)}`;
    this.guest = await WritingGuest.start(this.sockets, image, guestName, this.bytes, this.random);
    this.volume = { ...volume, status: 'in-use', attachments: [this.#attachment(this.guest.daemon.monitor)] };
  }

  async detach(): Promise<void> {
    const guest = this.#takeGuest();
    await guest.stop();
    this.bytes = guest.log.after(guest.log.acknowledged);
    this.forgetGuest();
    await this.#checkVolume();
  }

  /**
   * The hypervisor's process ends at once, and what it has left is what is there from now on. The record still says that
   * it has the volume.
   */
  async killGuest(): Promise<void> {
    const guest = this.#takeGuest();
    await guest.kill();
    const found = await this.#read(this.volume);
    guest.log.requireSurvived(found);
    this.bytes = found;
  }

  /** The record of a guest that is gone goes, too. */
  forgetGuest(): void {
    const { attachments: _attachments, ...volume } = this.volume;
    this.volume = { ...volume, status: 'available' };
  }

  /** A snapshot at one moment within the call, as its bytes show. */
  async snapshot(): Promise<PointInTime> {
    const snapshot = makeSnapshot(this.volume, { id: randomUUID() });
    const { on, guest } = this;
    const least = guest?.log.acknowledged ?? 0;
    const update = await on.driver.createSnapshot(on.context(), snapshot);
    const most = guest?.log.writes.length;
    const made = applyUpdate(snapshot, update);
    const found = await this.#read(made);
    this.#requireMoment(found, least, most);
    const point = { snapshot: made, bytes: found };
    this.snapshots.push(point);
    return point;
  }

  /** What `found` must be, being the volume's content at one moment. */
  #requireMoment(found: Buffer, least: number, most: number | undefined): void {
    if (this.guest !== undefined) this.guest.log.momentOf(found, least, most);
    else if (!found.equals(this.bytes)) throw new Error('it is not what the volume was');
  }

  async deleteSnapshot(point: PointInTime): Promise<void> {
    const { on } = this;
    await on.driver.deleteSnapshot(on.context(), this.now(point));
    this.snapshots.splice(this.snapshots.indexOf(point), 1);
  }

  /** Makes a clone, compares it, and deletes it. */
  async cloneAndCompare(): Promise<void> {
    const { on, guest } = this;
    const wanted = makeVolume({ id: randomUUID(), sizeBytes: this.volume.sizeBytes });
    const least = guest?.log.acknowledged ?? 0;
    const update = await on.driver.createClonedVolume(on.context(), wanted, this.volume);
    const clone: Volume = { ...applyUpdate(wanted, update), status: 'available' };
    this.#requireMoment(await this.#read(clone), least, guest?.log.writes.length);
    await on.driver.deleteVolume(on.context(), clone);
  }

  /** A volume from a snapshot reads as the snapshot. */
  async copyAndCompare(point: PointInTime): Promise<void> {
    const { on } = this;
    const wanted = makeVolume({ id: randomUUID(), sizeBytes: this.volume.sizeBytes });
    const update = await on.driver.createVolumeFromSnapshot(on.context(), wanted, this.now(point));
    const copy: Volume = { ...applyUpdate(wanted, update), status: 'available' };
    if (!(await this.#read(copy)).equals(point.bytes))
      throw new Error('a volume from a snapshot is not that');
    await on.driver.deleteVolume(on.context(), copy);
  }

  /** Reads every snapshot, and what the guest has seen. */
  async check(): Promise<void> {
    this.guest?.requireHealthy();
    for (const point of this.snapshots) {
      const found = await this.#read(this.now(point));
      if (!found.equals(point.bytes))
        throw new Error(`snapshot ${String(this.snapshots.indexOf(point))} does not read as it did`);
    }
    if (this.guest === undefined) await this.#checkVolume();
  }

  /** Deletes everything. */
  async remove(): Promise<void> {
    if (this.guest !== undefined) await this.detach();
    this.forgetGuest();
    await this.check();
    for (const point of [...this.snapshots]) await this.deleteSnapshot(point);
    await this.#checkVolume();
    await this.on.driver.deleteVolume(this.on.context(), this.volume);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guest?.[Symbol.asyncDispose]();
  }

  now({ snapshot }: PointInTime): Snapshot {
    return { ...snapshot, volume: this.volume };
  }

  #takeGuest(): WritingGuest {
    const { guest } = this;
    if (guest === undefined) throw new Error('the volume has no guest');
    this.guest = undefined;
    return guest;
  }

  #attachment(monitor: string): VolumeAttachment {
    return { id: randomUUID(), host: 'here', monitor };
  }

  async #checkVolume(): Promise<void> {
    if (!(await this.#read(this.volume)).equals(this.bytes))
      throw new Error('the volume does not read as it should');
  }

  async #read(object: Volume | Snapshot): Promise<Buffer> {
    return openAndRead(this.on.driver, this.on.context(), object);
  }
}
