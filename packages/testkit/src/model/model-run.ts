import { isDriverError, SECTOR_BYTES } from '@scoria/core';
import assert from 'node:assert/strict';
import { withDevice } from '../device-access.js';
import { patternBytes } from '../pattern-bytes.js';
import { assertBytes, assertHeldBy } from '../conformance/checks.js';
import type { Stage } from '../conformance/stage.js';
import type { ModelSnapshot, ModelVolume } from './byte-model.js';
import { ByteModel, current, resized } from './byte-model.js';
import type { ModelStep } from './model-step.js';

const MOST_VOLUMES = 4;
const MOST_SNAPSHOTS = 6;
/** Volumes that are extended and copied at a larger size again and again stop growing here. */
const MOST_TIMES_LARGER = 3;

/** One sequence on a driver and on the model beside it. */
export class ModelRun {
  /** What was done so far, a line for each step. */
  readonly history: string[] = [];
  readonly #model = new ByteModel();

  constructor(private readonly stage: Stage) {}

  /** Does a step, if there is something to do it on, and looks at all it may have touched. */
  async step(step: ModelStep): Promise<void> {
    const { volumes } = this.#model;
    const volume = volumes[step.pick % Math.max(1, volumes.length)];
    if (volume === undefined || step.kind === 'create') await this.#create();
    else if (step.kind === 'restart') await this.#restart();
    else await this.#onVolume(step, volume);
  }

  /** Looks at everything, deletes everything, and looks at what is left. */
  async finish(before: readonly string[]): Promise<void> {
    this.#say('read everything');
    for (const volume of this.#model.volumes) await this.#check(volume);
    this.#say('delete everything');
    let left = -1;
    while (this.#model.volumes.length > 0 && this.#model.volumes.length !== left) {
      left = this.#model.volumes.length;
      for (const volume of [...this.#model.volumes].reverse()) await this.#deleteWhole(volume);
    }
    assert.deepEqual(
      this.#model.volumes.map(({ name }) => name),
      [],
      'volumes that could not be deleted although nothing depends on them',
    );
    assert.deepEqual(await this.stage.leftovers(), before, 'what is on the storage at the end');
  }

  async #onVolume(step: ModelStep, volume: ModelVolume): Promise<void> {
    const { kind } = step;
    const snapshot = volume.snapshots[step.seed % Math.max(1, volume.snapshots.length)];
    if (kind === 'write' || kind === 'zero') await this.#write(step, volume);
    else if (kind === 'snapshot') await this.#snapshot(volume);
    else if (kind === 'extend') await this.#extend(step, volume);
    else if (kind === 'clone') await this.#copy(step, volume);
    else if (kind === 'deleteVolume') await this.#deleteVolume(volume);
    else if (snapshot === undefined) this.#say(`${kind}: ${volume.name} has no snapshot`);
    else if (kind === 'deleteSnapshot') await this.#deleteSnapshot(volume, snapshot);
    else if (kind === 'fromSnapshot') await this.#copy(step, volume, snapshot);
    else await this.#revert(volume);
  }

  async #create(): Promise<void> {
    if (this.#model.volumes.length >= MOST_VOLUMES) return;
    const name = this.#model.nextName('V');
    this.#say(`create ${name}`);
    const volume = await this.stage.volume();
    await this.#checkVolume(this.#model.add(name, volume, Buffer.alloc(this.stage.size)));
  }

  async #restart(): Promise<void> {
    this.#say('kill and restart');
    await this.stage.restart();
  }

  async #write(step: ModelStep, volume: ModelVolume): Promise<void> {
    const offset = Math.floor(step.at * volume.bytes.length);
    const length = Math.min(step.length, volume.bytes.length - offset);
    this.#say(`${step.kind} ${volume.name}, ${String(length)} bytes at ${String(offset)}`);
    const data = step.kind === 'write' ? patternBytes(step.seed, length) : Buffer.alloc(length);
    const context = this.stage.context();
    await withDevice(this.stage.driver, context, volume.volume, 'read-write', async (device) => {
      await (step.kind === 'write' ? device.write(offset, data) : device.zero(offset, length));
      await device.flush();
    });
    data.copy(volume.bytes, offset);
    await this.#checkVolume(volume);
  }

  async #snapshot(volume: ModelVolume): Promise<void> {
    if (volume.snapshots.length >= MOST_SNAPSHOTS) return;
    const name = this.#model.nextName('S');
    this.#say(`snapshot ${volume.name} as ${name}`);
    const added = this.#model.addSnapshot(name, volume, await this.stage.snapshot(volume.volume));
    await this.#checkVolume(volume);
    await this.#checkSnapshot(volume, added);
  }

  async #deleteSnapshot(volume: ModelVolume, snapshot: ModelSnapshot): Promise<void> {
    this.#say(`delete ${snapshot.name} of ${volume.name}`);
    const isGone = await this.#unlessHeld(volume, () => this.stage.deleteSnapshot(current(volume, snapshot)));
    if (isGone) volume.snapshots = volume.snapshots.filter((other) => other !== snapshot);
    await this.#check(volume);
  }

  async #revert(volume: ModelVolume): Promise<void> {
    const newest = volume.snapshots.at(-1);
    if (newest === undefined) return;
    this.#say(`revert ${volume.name} to ${newest.name}`);
    const reverting = { ...volume.volume, status: 'reverting' } as const;
    const reverted = await this.stage.revert(reverting, current(volume, newest));
    volume.volume = { ...reverted, status: 'available' };
    volume.bytes = resized(newest.bytes, volume.bytes.length);
    await this.#checkVolume(volume);
    await this.#checkSnapshot(volume, newest);
  }

  async #extend(step: ModelStep, volume: ModelVolume): Promise<void> {
    const sizeBytes = this.#larger(step, volume.bytes.length);
    this.#say(`extend ${volume.name} from ${String(volume.bytes.length)} to ${String(sizeBytes)} bytes`);
    volume.volume = await this.stage.extend(volume.volume, sizeBytes);
    volume.bytes = resized(volume.bytes, sizeBytes);
    await this.#checkVolume(volume);
  }

  async #copy(step: ModelStep, source: ModelVolume, snapshot?: ModelSnapshot): Promise<void> {
    if (this.#model.volumes.length >= MOST_VOLUMES) return;
    const bytes = snapshot?.bytes ?? source.bytes;
    const sizeBytes = this.#larger(step, bytes.length);
    const from = snapshot === undefined ? source.name : `${snapshot.name} of ${source.name}`;
    const name = this.#model.nextName('V');
    this.#say(`copy ${from}, ${String(bytes.length)} bytes, to ${name} of ${String(sizeBytes)}`);
    const volume =
      snapshot === undefined
        ? await this.stage.clone(source.volume, { sizeBytes })
        : await this.stage.volumeOf(current(source, snapshot), { sizeBytes });
    await this.#checkVolume(this.#model.add(name, volume, resized(bytes, sizeBytes), source));
    await this.#checkVolume(source);
    if (snapshot !== undefined) await this.#checkSnapshot(source, snapshot);
  }

  async #deleteVolume(volume: ModelVolume): Promise<void> {
    this.#say(`delete ${volume.name}, which has ${String(volume.snapshots.length)} snapshots`);
    const [held] = volume.snapshots;
    if (held === undefined) {
      await this.#deleteWhole(volume);
      return;
    }
    const error = await this.stage.deleteVolume(volume.volume).catch((reason: unknown) => reason);
    assert.ok(isDriverError(error, 'volume-busy'), 'deleting a volume with snapshots is volume-busy');
    assertHeldBy(error, held.snapshot.id);
    await this.#checkVolume(volume);
  }

  /** Deletes a volume with its snapshots, as far as copies do not hold them. */
  async #deleteWhole(volume: ModelVolume): Promise<void> {
    for (const snapshot of [...volume.snapshots].reverse()) {
      const isGone = await this.#unlessHeld(volume, () =>
        this.stage.deleteSnapshot(current(volume, snapshot)),
      );
      if (!isGone) return;
      volume.snapshots = volume.snapshots.filter((other) => other !== snapshot);
    }
    if (!(await this.#unlessHeld(volume, () => this.stage.deleteVolume(volume.volume)))) return;
    this.#model.volumes = this.#model.volumes.filter((other) => other !== volume);
  }

  /** True if a delete went through; copies of a volume may hold it and its snapshots. */
  async #unlessHeld(volume: ModelVolume, remove: () => Promise<void>): Promise<boolean> {
    try {
      await remove();
      return true;
    } catch (error) {
      const mayBeHeld = this.#model.hasCopies(volume) && isDriverError(error, 'volume-busy', 'snapshot-busy');
      if (!mayBeHeld) throw error;
      this.#say(`  held: ${error.message}`);
      return false;
    }
  }

  #larger({ sectors }: ModelStep, sizeBytes: number): number {
    const most = MOST_TIMES_LARGER * this.stage.size;
    return Math.max(sizeBytes, Math.min(most, sizeBytes + sectors * SECTOR_BYTES));
  }

  async #check(volume: ModelVolume): Promise<void> {
    await this.#checkVolume(volume);
    for (const snapshot of volume.snapshots) await this.#checkSnapshot(volume, snapshot);
  }

  async #checkSnapshot(volume: ModelVolume, snapshot: ModelSnapshot): Promise<void> {
    const bytes = await this.stage.read(current(volume, snapshot));
    assertBytes(bytes, snapshot.bytes, `${snapshot.name} of ${volume.name}`);
  }

  async #checkVolume(volume: ModelVolume): Promise<void> {
    assertBytes(await this.stage.read(volume.volume), volume.bytes, volume.name);
  }

  #say(line: string): void {
    this.history.push(line);
  }
}
