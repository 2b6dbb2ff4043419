import { applyUpdate, MIB } from '@scoria/core';
import type { DeviceTarget, Snapshot, Volume } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import type { Running } from './backend.js';

const SIZE = 64 * MIB;

/** What a program that uses the library does: call the driver, keep what it returns. */
export class Tour {
  constructor(
    private readonly running: Running,
    private readonly say: (line: string) => void,
  ) {}

  async run(): Promise<void> {
    this.say('a volume of 64 MiB');
    const volume = await this.createVolume();
    await this.write(volume, 'first words');

    const snapshots: Snapshot[] = [];
    for (const words of ['second words', 'third words', 'fourth words']) {
      this.say(`a snapshot, then "${words}"`);
      snapshots.push(await this.snapshot(volume));
      await this.write(volume, words);
    }
    const [first, second, third] = snapshots as [Snapshot, Snapshot, Snapshot];

    this.say('delete the snapshot in the middle');
    await this.running.backend.driver.deleteSnapshot(this.running.context(), second);
    await this.expect(first, 'first words');
    await this.expect(third, 'third words');
    await this.expect(volume, 'fourth words');

    await this.copies(volume, first);
    this.say('back to the newest snapshot');
    await this.running.backend.driver.revertToSnapshot(this.running.context(), volume, third);
    await this.expect(volume, 'third words');
    await this.tidy(volume, [first, third]);
  }

  private async copies(volume: Volume, snapshot: Snapshot): Promise<void> {
    const { driver } = this.running.backend;
    this.say('a volume from the first snapshot, twice its size, and a clone of the volume');
    const restored = this.newVolume(2 * SIZE);
    const clone = this.newVolume(SIZE);
    const made = [
      applyUpdate(
        restored,
        await driver.createVolumeFromSnapshot(this.running.context(), restored, snapshot),
      ),
      applyUpdate(clone, await driver.createClonedVolume(this.running.context(), clone, volume)),
    ].map(available) as [Volume, Volume];
    await this.expect(made[0], 'first words');
    await this.expect(made[1], 'fourth words');
    for (const copy of made) await driver.deleteVolume(this.running.context(), copy);
  }

  private async tidy(volume: Volume, snapshots: readonly Snapshot[]): Promise<void> {
    const { driver } = this.running.backend;
    this.say('delete all of it');
    for (const snapshot of snapshots) await driver.deleteSnapshot(this.running.context(), snapshot);
    await driver.deleteVolume(this.running.context(), volume);
  }

  private newVolume(sizeBytes: number): Volume {
    return { id: randomUUID(), name: 'tour', sizeBytes, status: 'creating', providerMetadata: {} };
  }

  private async createVolume(): Promise<Volume> {
    const volume = this.newVolume(SIZE);
    const update = await this.running.backend.driver.createVolume(this.running.context(), volume);
    return available(applyUpdate(volume, update));
  }

  private async snapshot(volume: Volume): Promise<Snapshot> {
    const wanted = {
      id: randomUUID(),
      name: 'tour',
      volume,
      sizeBytes: volume.sizeBytes,
      providerMetadata: {},
    };
    return applyUpdate(
      wanted,
      await this.running.backend.driver.createSnapshot(this.running.context(), wanted),
    );
  }

  private async write(volume: Volume, words: string): Promise<void> {
    const target: DeviceTarget = { kind: 'volume', volume };
    await using device = await this.running.backend.driver.openDevice(
      this.running.context(),
      target,
      'read-write',
    );
    await device.write(0, Buffer.from(words.padEnd(32)));
    await device.flush();
  }

  /** Reads the bytes back; a tour that shows wrong data fails. */
  private async expect(object: Volume | Snapshot, words: string): Promise<void> {
    const target: DeviceTarget =
      'volume' in object ? { kind: 'snapshot', snapshot: object } : { kind: 'volume', volume: object };
    await using device = await this.running.backend.driver.openDevice(
      this.running.context(),
      target,
      'read-only',
    );
    const found = (await device.read(0, 32)).toString().trim();
    if (found !== words)
      throw new Error(`the ${target.kind} ${object.id} reads "${found}" instead of "${words}"`);
    this.say(`  the ${target.kind} reads "${found}"`);
  }
}

function available(volume: Volume): Volume {
  return { ...volume, status: 'available' };
}
