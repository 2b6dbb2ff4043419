import { GIB } from '@scoria/core';
import { SparseBytes } from '../fakes/sparse-bytes.js';

/** A volume of a {@link MemoryArray}. */
export interface StoredVolume {
  bytes: SparseBytes;
  /** `building` and `deleting` are what `recover` looks for. */
  state: 'building' | 'ready' | 'deleting';
  /** By id, oldest first. */
  readonly snapshots: Map<string, SparseBytes>;
  /** The moments that are kept for backups, by their ids. */
  readonly backups: Map<string, SparseBytes>;
  /** What it was made as, or became. */
  typeName?: string | undefined;
  /** The hosts that may reach it. */
  readonly hosts: Set<string>;
}

const arrays = new Map<string, MemoryArray>();

/** A storage array in memory: what stays when the driver's process is killed. Found by its name. */
export class MemoryArray {
  readonly volumes = new Map<string, StoredVolume>();
  capacityBytes = 64 * GIB;

  /** The array of this name, made when there is none. */
  static named(name: string): MemoryArray {
    const array = arrays.get(name) ?? new MemoryArray();
    arrays.set(name, array);
    return array;
  }

  /** Forgets an array with all that is on it. */
  static remove(name: string): void {
    arrays.delete(name);
  }

  get usedBytes(): number {
    const contents = [...this.volumes.values()].flatMap(({ bytes, snapshots, backups }) => [
      bytes,
      ...snapshots.values(),
      ...backups.values(),
    ]);
    return contents.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  get provisionedBytes(): number {
    return [...this.volumes.values()].reduce((sum, { bytes }) => sum + bytes.sizeBytes, 0);
  }

  /** The names of all that is on the array. */
  names(): string[] {
    return [...this.volumes].flatMap(([name, { state, snapshots, backups, hosts }]) => [
      state === 'ready' ? name : `${name} (${state})`,
      ...[...snapshots.keys()].map((id) => `${name}@${id}`),
      ...[...backups.keys()].map((id) => `${name} for backup ${id}`),
      ...[...hosts].map((host) => `${name} for ${host}`),
    ]);
  }
}

/** An entry for a volume that is being made. */
export function building(bytes: SparseBytes | number): StoredVolume {
  return {
    bytes: typeof bytes === 'number' ? new SparseBytes(bytes) : bytes,
    state: 'building',
    snapshots: new Map(),
    backups: new Map(),
    hosts: new Set(),
  };
}
