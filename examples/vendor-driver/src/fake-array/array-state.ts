import { ArrayError } from './array-error.js';
import type { Run } from './blocks.js';
import { BLOCK_BYTES, Blocks } from './blocks.js';

/** A point in time of a volume. */
export interface ArraySnapshot {
  readonly name: string;
  /** What its maker gave it, to know it by. */
  readonly tag: string;
  readonly volume: string;
  readonly blocks: Blocks;
}

export interface ArrayVolume {
  readonly name: string;
  /** What its maker gave it, to know it by. */
  readonly tag: string;
  blocks: Blocks;
  /** Oldest first. */
  readonly snapshots: ArraySnapshot[];
  /** Host → the number of its unit there. */
  readonly exports: Map<string, number>;
}

/** What a volume is made of. */
export interface VolumeRequest {
  readonly name: string;
  readonly sizeBytes: number;
  readonly tag?: string;
  readonly source?: { readonly volume: string } | { readonly snapshot: string };
}

export interface SnapshotRequest {
  readonly name: string;
  readonly tag?: string;
}

/** The array's one pool and all that is in it. Every method is done at once or not at all. */
export class ArrayState {
  readonly volumes = new Map<string, ArrayVolume>();
  #nextUnit = 1;

  constructor(
    readonly pool: string,
    public totalBytes: number,
  ) {}

  get usedBytes(): number {
    const all = [...this.volumes.values()].flatMap(({ blocks, snapshots }) => [
      ...blocks.used,
      ...snapshots.flatMap((snapshot) => [...snapshot.blocks.used]),
    ]);
    return new Set(all).size * BLOCK_BYTES;
  }

  get provisionedBytes(): number {
    return [...this.volumes.values()].reduce((sum, { blocks }) => sum + blocks.sizeBytes, 0);
  }

  volume(name: string): ArrayVolume {
    const volume = this.volumes.get(name);
    if (volume === undefined) throw new ArrayError('no_such_volume', `there is no volume ${name}`);
    return volume;
  }

  snapshot(name: string): ArraySnapshot {
    const found = this.#findSnapshot(name);
    if (found === undefined) throw new ArrayError('no_such_snapshot', `there is no snapshot ${name}`);
    return found;
  }

  createVolume({ name, sizeBytes, tag = '', source }: VolumeRequest): ArrayVolume {
    if (this.volumes.has(name)) throw new ArrayError('volume_exists', `there is a volume ${name} already`);
    const origin = source === undefined ? new Blocks(0) : this.#origin(source);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes < origin.sizeBytes) {
      throw new ArrayError('bad_request', `${String(sizeBytes)} bytes is no size for volume ${name}`);
    }
    const made = { name, tag, blocks: origin.copy(sizeBytes), snapshots: [], exports: new Map() };
    this.volumes.set(name, made);
    return made;
  }

  /** @param tag only a volume with this tag is deleted */
  deleteVolume(name: string, tag?: string): ArrayVolume {
    const volume = this.volume(name);
    if (tag !== undefined && volume.tag !== tag) {
      throw new ArrayError('no_such_volume', `there is no volume ${name} with the tag ${tag}`);
    }
    const heldBy = volume.snapshots.map((snapshot) => snapshot.name);
    if (heldBy.length > 0) throw new ArrayError('volume_busy', `volume ${name} has snapshots`, heldBy);
    this.volumes.delete(name);
    return volume;
  }

  resize(name: string, sizeBytes: number): ArrayVolume {
    const volume = this.volume(name);
    const before = volume.blocks.sizeBytes;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < before) {
      throw new ArrayError('bad_request', `volume ${name} has ${String(before)} bytes and does not shrink`);
    }
    volume.blocks.sizeBytes = sizeBytes;
    return volume;
  }

  createSnapshot(volumeName: string, { name, tag = '' }: SnapshotRequest): ArraySnapshot {
    const volume = this.volume(volumeName);
    if (this.#findSnapshot(name) !== undefined) {
      throw new ArrayError('snapshot_exists', `there is a snapshot ${name} already`);
    }
    const snapshot = { name, tag, volume: volumeName, blocks: volume.blocks.copy() };
    volume.snapshots.push(snapshot);
    return snapshot;
  }

  /** @param tag only a snapshot with this tag is deleted */
  deleteSnapshot(name: string, tag?: string): ArraySnapshot {
    const snapshot = this.snapshot(name);
    if (tag !== undefined && snapshot.tag !== tag) {
      throw new ArrayError('no_such_snapshot', `there is no snapshot ${name} with the tag ${tag}`);
    }
    const { snapshots } = this.volume(snapshot.volume);
    snapshots.splice(snapshots.indexOf(snapshot), 1);
    return snapshot;
  }

  restore(volumeName: string, name: string): ArrayVolume {
    const volume = this.volume(volumeName);
    const at = volume.snapshots.findIndex((snapshot) => snapshot.name === name);
    const [snapshot, ...newer] = at < 0 ? [] : volume.snapshots.slice(at);
    if (snapshot === undefined) {
      throw new ArrayError('no_such_snapshot', `volume ${volumeName} has no snapshot ${name}`);
    }
    const heldBy = newer.map((one) => one.name);
    if (heldBy.length > 0)
      throw new ArrayError('snapshot_busy', `${name} is not the newest snapshot`, heldBy);
    volume.blocks = snapshot.blocks.copy(volume.blocks.sizeBytes);
    return volume;
  }

  /** The unit by which `host` reaches the volume from now on. */
  export(volumeName: string, host: string): number {
    const { exports } = this.volume(volumeName);
    const unit = exports.get(host) ?? this.#nextUnit++;
    exports.set(host, unit);
    return unit;
  }

  /** @param host every host unless told */
  unexport(volumeName: string, host?: string): ArrayVolume {
    const volume = this.volume(volumeName);
    for (const known of host === undefined ? [...volume.exports.keys()] : [host])
      volume.exports.delete(known);
    return volume;
  }

  write(volumeName: string, offset: number, data: Uint8Array): ArrayVolume {
    const volume = this.volume(volumeName);
    const before = volume.blocks;
    volume.blocks = before.copy();
    volume.blocks.write(offset, data);
    if (this.usedBytes <= this.totalBytes) return volume;
    volume.blocks = before;
    throw new ArrayError('pool_full', `pool ${this.pool} is full`);
  }

  /** What may differ between a volume, or one of its snapshots, and an older snapshot of it. */
  changes(volumeName: string, snapshotName: string | undefined, since: string): Run[] {
    const { snapshots, blocks } = this.volume(volumeName);
    const at = snapshots.findIndex(({ name }) => name === snapshotName);
    const older = snapshots.slice(0, at < 0 ? undefined : at).find(({ name }) => name === since);
    if (older === undefined) throw new ArrayError('no_such_snapshot', `there is no older snapshot ${since}`);
    return (snapshots[at]?.blocks ?? blocks).changedSince(older.blocks);
  }

  #findSnapshot(name: string): ArraySnapshot | undefined {
    const all = [...this.volumes.values()].flatMap(({ snapshots }) => snapshots);
    return all.find((snapshot) => snapshot.name === name);
  }

  #origin(source: NonNullable<VolumeRequest['source']>): Blocks {
    return 'volume' in source ? this.volume(source.volume).blocks : this.snapshot(source.snapshot).blocks;
  }
}
