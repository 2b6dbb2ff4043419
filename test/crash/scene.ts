import type { Snapshot, Volume } from '@scoria/core';
import { applyUpdate, KIB, MIB } from '@scoria/core';
import { makeSnapshot, makeVolume } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DriverOnDirectory } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import { tool, withoutBackingFormat } from './qemu-tools.js';
import type { ShareImage } from './share-image.js';
import { readShare } from './share-image.js';

export type BaseFormat = 'raw' | 'qcow2';

/** What a manager would have on record, by the names the operations use: 'deep', 'deep@1'. */
export interface Records {
  readonly format: BaseFormat;
  readonly volumes: Readonly<Record<string, Volume>>;
  readonly snapshots: Readonly<Record<string, Snapshot>>;
}

/** What each volume and snapshot reads as, by the same names. One that is missing is not there. */
export type Contents = ReadonlyMap<string, Buffer>;

/** A share with volumes of every kind, what is known of them, and what they read as. */
export interface Scene {
  readonly records: Records;
  readonly image: ShareImage;
  readonly contents: Contents;
}

export const SIZE = MIB;
export const LARGER = 2 * MIB;
/** A file that nobody has taken over yet; as raw it ends in the middle of a sector. */
export const LOOSE_FILE = 'loose.img';
const LOOSE_BYTES = SIZE - 100;

class SceneBuilder {
  readonly volumes: Record<string, Volume> = {};
  readonly snapshots: Record<string, Snapshot> = {};
  readonly contents = new Map<string, Buffer>();
  #time = 0;

  constructor(
    readonly directory: string,
    readonly format: BaseFormat,
    readonly on: DriverOnDirectory,
  ) {}

  async volume(name: string): Promise<void> {
    const volume = makeVolume({ sizeBytes: SIZE });
    const update = await this.on.driver.createVolume(this.on.context(), volume);
    this.volumes[name] = { ...applyUpdate(volume, update), status: 'available' };
    this.contents.set(name, Buffer.alloc(SIZE));
    await this.write(name);
  }

  async snapshot(name: string, label: string): Promise<void> {
    const snapshot = makeSnapshot(this.#volume(name));
    const update = await this.on.driver.createSnapshot(this.on.context(), snapshot);
    this.snapshots[`${name}@${label}`] = applyUpdate(snapshot, update);
    this.contents.set(`${name}@${label}`, Buffer.from(this.#content(name)));
  }

  /** A place of this moment, a place that every moment overwrites, and zeroes over older data. */
  async write(name: string): Promise<void> {
    this.#time += 1;
    const moment = this.#time % 8;
    const pattern = 0x40 + this.#time;
    const writes = [
      { offset: moment * 64 * KIB + 4 * KIB, length: 100 * KIB, byte: pattern },
      { offset: 512 * KIB, length: 32 * KIB, byte: pattern },
      { offset: 300 * KIB + moment * 16 * KIB, length: 64 * KIB, byte: 0 },
    ];
    const commands = writes.flatMap(({ offset, length, byte }) => [
      '-c',
      `write ${byte === 0 ? '-z' : `-P ${String(byte)}`} ${String(offset)} ${String(length)}`,
    ]);
    const file = await this.activeFile(name);
    const format = file === this.file(name) ? this.format : 'qcow2';
    await tool('qemu-io', ['-f', format, ...commands, path.join(this.directory, file)]);
    for (const { offset, length, byte } of writes) this.#content(name).fill(byte, offset, offset + length);
  }

  async extend(name: string): Promise<void> {
    const update = await this.on.driver.extendVolume(this.on.context(), this.#volume(name), LARGER);
    this.volumes[name] = applyUpdate(this.#volume(name), update);
    this.contents.set(name, Buffer.concat([this.#content(name), Buffer.alloc(LARGER - SIZE)]));
  }

  file(name: string): string {
    return `volume-${this.#volume(name).id}`;
  }

  async activeFile(name: string): Promise<string> {
    return (await this.info(name)).active ?? this.file(name);
  }

  async info(name: string): Promise<Record<string, string>> {
    const text = await readFile(path.join(this.directory, `${this.file(name)}.info`), 'utf8').catch(
      () => '{}',
    );
    return JSON.parse(text) as Record<string, string>;
  }

  /** Turns the newest snapshot into one that an interrupted clone of OpenStack Cinder has left. */
  async leaveClone(name: string, label: string): Promise<void> {
    const { id } = this.snapshots[`${name}@${label}`]!;
    const info = await this.info(name);
    const file = `${this.file(name)}.tmp-snap-${id}`;
    await rename(path.join(this.directory, info[id]!), path.join(this.directory, file));
    const { [id]: _dropped, ...others } = info;
    const next = { ...others, active: file, [`tmp-snap-${id}`]: file };
    await writeFile(path.join(this.directory, `${this.file(name)}.info`), JSON.stringify(next, undefined, 1));
    this.contents.delete(`${name}@${label}`);
  }

  async silence(file: string): Promise<void> {
    const at = path.join(this.directory, file);
    await writeFile(at, withoutBackingFormat(await readFile(at)));
  }

  async looseFile(): Promise<void> {
    const at = path.join(this.directory, LOOSE_FILE);
    const raw = Buffer.alloc(SIZE, 0x7a);
    await writeFile(`${at}.raw`, raw, { flag: 'wx' });
    await tool('qemu-img', ['convert', '-f', 'raw', '-O', this.format, `${at}.raw`, at]);
    await rm(`${at}.raw`);
    if (this.format === 'raw') await truncate(at, LOOSE_BYTES);
    await chmod(at, 0o644);
    this.contents.set('loose', raw.subarray(0, this.format === 'raw' ? LOOSE_BYTES : SIZE));
  }

  #volume(name: string): Volume {
    return this.volumes[name]!;
  }

  #content(name: string): Buffer {
    return this.contents.get(name)!;
  }
}

/** Makes the scene in `directory`, which is new. Data are written by qemu-io, so that only chains are Scoria's. */
export async function makeScene(directory: string, format: BaseFormat): Promise<Scene> {
  await using on = await startDriver(directory, { options: { local_volume_format: format } });
  const scene = new SceneBuilder(directory, format, on);
  for (const name of ['plain', 'single', 'deep', 'grown', 'recorded', 'old', 'other'])
    await scene.volume(name);
  await withSnapshots(scene, 'deep', 3);
  for (const name of ['single', 'grown', 'recorded']) await withSnapshots(scene, name, 1);
  await withSnapshots(scene, 'old', 2);
  await scene.extend('grown');
  await scene.leaveClone('recorded', '1');
  await scene.leaveClone('old', '2');
  await silenceOverlays(scene);
  await scene.looseFile();
  return {
    records: withNewObjects(scene),
    image: await readShare(directory),
    contents: scene.contents,
  };
}

async function withSnapshots(scene: SceneBuilder, name: string, count: number): Promise<void> {
  for (let label = 1; label <= count; label += 1) {
    await scene.snapshot(name, String(label));
    await scene.write(name);
  }
}

/** A raw base may be taken at its word; what a base that looks like qcow2 is has to be said by the file above. */
async function silenceOverlays(scene: SceneBuilder): Promise<void> {
  const { active, ...older } = await scene.info('old');
  await scene.silence(active!);
  if (scene.format === 'raw') await scene.silence(older[scene.snapshots['old@1']!.id]!);
}

/** Ids of what the operations make, so that a test knows them before. */
function withNewObjects({ format, volumes, snapshots }: SceneBuilder): Records {
  const made = makeVolume({ id: randomUUID(), sizeBytes: LARGER });
  const ofOne = (name: string): Snapshot => makeSnapshot(volumes[name]!, { id: randomUUID() });
  return {
    format,
    volumes: { ...volumes, made },
    snapshots: { ...snapshots, 'plain@made': ofOne('plain'), 'deep@made': ofOne('deep') },
  };
}

/** The same records for a copy of the share in another directory. */
export function recordsIn(directory: string, records: Records): Records {
  const moved = (volume: Volume): Volume =>
    volume.providerLocation === undefined ? volume : { ...volume, providerLocation: directory };
  return {
    format: records.format,
    volumes: mapValues(records.volumes, moved),
    snapshots: mapValues(records.snapshots, (snapshot) => ({ ...snapshot, volume: moved(snapshot.volume) })),
  };
}

function mapValues<T>(
  values: Readonly<Record<string, T>>,
  change: (value: T) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
