import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { backingFileOf, tool } from './qemu-tools.js';
import type { BaseFormat, Records } from './scene.js';
import { LOOSE_FILE } from './scene.js';
import type { ShareImage } from './share-image.js';
import { partOf } from './share-image.js';

/** What is on a share, found out with qemu's tools and not with the code under test. */
export interface Observation {
  /** What each volume and snapshot reads as. */
  readonly contents: ReadonlyMap<string, Buffer>;
  /** Files that no record names, and all that is left in the work directory. */
  readonly strays: readonly string[];
  /** Clusters that are allocated and unused: room, not data. */
  readonly leaks: number;
}

interface ObservedVolume {
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly files: readonly string[];
  readonly leaks: number;
}

/** Looks at shares; what has been looked at once is remembered, as most crashes leave one of a few states. */
export class Observer {
  readonly #known = new Map<string, ObservedVolume>();

  constructor(private readonly records: Records) {}

  /** @throws Error if a record cannot be read, a chain has a gap or qemu-img finds corruption */
  async observe(directory: string, image: ShareImage): Promise<Observation> {
    const contents = new Map<string, Buffer>();
    const named = new Set<string>();
    let leaks = 0;
    for (const [name, { id }] of Object.entries(this.records.volumes)) {
      const found = await this.#volume(directory, image, name, `volume-${id}`);
      for (const [key, content] of found.contents) contents.set(key, content);
      for (const file of found.files) named.add(file);
      leaks += found.leaks;
    }
    if (image.has(LOOSE_FILE)) {
      contents.set('loose', await readRaw(path.join(directory, LOOSE_FILE), this.records.format));
      named.add(LOOSE_FILE);
    }
    const strays = [...image].filter(([file, { data }]) => data !== undefined && !named.has(file));
    return { contents, strays: strays.map(([file]) => file), leaks };
  }

  async #volume(directory: string, image: ShareImage, name: string, file: string): Promise<ObservedVolume> {
    const own = partOf(image, (entry) => entry.startsWith(file));
    const key = digest(own);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const observed = await new VolumeLook(directory, own, this.records, name).look(file);
    this.#known.set(key, observed);
    return observed;
  }
}

function digest(image: ShareImage): string {
  const hash = createHash('sha1');
  for (const [name, { data }] of image) {
    if (data !== undefined) hash.update(`${name}\0${String(data.length)}\0`).update(data);
  }
  return hash.digest('hex');
}

class VolumeLook {
  readonly #contents = new Map<string, Buffer>();
  readonly #files = new Set<string>();
  #leaks = 0;

  constructor(
    private readonly directory: string,
    private readonly image: ShareImage,
    private readonly records: Records,
    private readonly name: string,
  ) {}

  async look(base: string): Promise<ObservedVolume> {
    const record = this.image.get(`${base}.info`)?.data;
    const info = record === undefined ? {} : (JSON.parse(record.toString()) as Record<string, string>);
    const { active = base, ...snapshots } = info;
    if (record !== undefined || this.image.has(base)) await this.#read(this.name, active, base);
    for (const [key, { id }] of Object.entries(this.records.snapshots)) {
      const overlay = snapshots[id];
      if (!key.startsWith(`${this.name}@`) || overlay === undefined) continue;
      const backing = backingFileOf(this.#data(overlay));
      if (backing === undefined) throw new Error(`snapshot ${key} has nothing below ${overlay}`);
      await this.#read(key, backing, base);
    }
    if (record !== undefined) this.#files.add(`${base}.info`);
    return { contents: this.#contents, files: [...this.#files], leaks: this.#leaks };
  }

  async #read(key: string, file: string, base: string): Promise<void> {
    let next: string | undefined = file;
    while (next !== undefined && !this.#files.has(next)) {
      this.#files.add(next);
      const isQcow2: boolean = this.#formatOf(next, base) === 'qcow2';
      if (isQcow2) await this.#check(next);
      next = isQcow2 ? backingFileOf(this.#data(next)) : undefined;
    }
    const content = await readRaw(path.join(this.directory, file), this.#formatOf(file, base));
    this.#contents.set(key, content);
  }

  #formatOf(file: string, base: string): BaseFormat {
    return file === base ? this.records.format : 'qcow2';
  }

  #data(file: string): Buffer {
    const data = this.image.get(file)?.data;
    if (data === undefined) throw new Error(`${file} is named and gone`);
    return data;
  }

  async #check(file: string): Promise<void> {
    const args = ['check', '-f', 'qcow2', '--output=json', path.join(this.directory, file)];
    const found = JSON.parse(await tool('qemu-img', args, [0, 2, 3])) as {
      corruptions?: number;
      leaks?: number;
    };
    if ((found.corruptions ?? 0) > 0) throw new Error(`${file} has ${String(found.corruptions)} corruptions`);
    this.#leaks += found.leaks ?? 0;
  }
}

async function readRaw(file: string, format: BaseFormat): Promise<Buffer> {
  if (format === 'raw') return readFile(file);
  const raw = path.join(os.tmpdir(), `scoria-observed-${randomUUID()}`);
  try {
    await tool('qemu-img', ['convert', '-f', format, '-O', 'raw', file, raw]);
    return await readFile(raw);
  } finally {
    await rm(raw, { force: true });
  }
}
