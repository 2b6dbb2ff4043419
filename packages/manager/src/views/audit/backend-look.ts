import type { AdoptableVolume, DriverErrorCode, OperationContext, Snapshot, Volume } from '@scoria/core';
import { isDriverError, messageOf } from '@scoria/core';
import type { OperationBackend } from '../../engine/operation-handler.js';
import type { SeenVolume } from './compare.js';

/** What became of a look at one volume. */
export type Look =
  | { readonly kind: 'seen'; readonly seen: SeenVolume }
  | { readonly kind: 'gone' }
  /** Somebody works on it. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'unreadable'; readonly reason: string };

const BUSY: readonly DriverErrorCode[] = ['volume-busy', 'snapshot-busy', 'timeout'];

/** Looks at what is on a backend, by the best means its driver has. Changes nothing. */
export class BackendLook {
  constructor(
    readonly backend: OperationBackend,
    private readonly context: OperationContext,
  ) {}

  /** Everything on the backend by its id; undefined for a driver that cannot tell. */
  async list(): Promise<Map<string, AdoptableVolume> | undefined> {
    if (!this.backend.capabilities.includes('adopt')) return undefined;
    const found = new Map<string, AdoptableVolume>();
    for await (const volume of this.backend.driver.findAdoptable(this.context)) found.set(volume.id, volume);
    return found;
  }

  /** What is there besides `known`, of a driver that can only tell that. */
  async unknown(known: readonly Volume[]): Promise<string[]> {
    if (!this.backend.capabilities.includes('manage')) return [];
    const names: string[] = [];
    for await (const { reference } of this.backend.driver.listManageable(this.context, known)) {
      names.push(Object.values(reference)[0] ?? JSON.stringify(reference));
    }
    return names;
  }

  async look(volume: Volume, snapshots: readonly Snapshot[]): Promise<Look> {
    const { capabilities } = this.backend;
    try {
      const seen = capabilities.includes('inspect')
        ? await this.#layers(volume, snapshots)
        : await this.#open(volume, snapshots);
      return { kind: 'seen', seen };
    } catch (error) {
      return lookOf(error);
    }
  }

  async #layers(volume: Volume, snapshots: readonly Snapshot[]): Promise<SeenVolume> {
    const layers = await this.backend.driver.chainOf(this.context, volume, snapshots);
    const format = layers.find(({ isOriginal }) => isOriginal === true)?.format;
    return {
      sizeBytes: layers.find(({ isVolume }) => isVolume)?.sizeBytes ?? 0,
      ...(format === undefined ? {} : { format }),
      snapshotIds: layers.flatMap(({ snapshotIds }) => snapshotIds),
    };
  }

  /** A driver that cannot be asked is tried: what can be opened is there. */
  async #open(volume: Volume, snapshots: readonly Snapshot[]): Promise<SeenVolume> {
    const { driver } = this.backend;
    const readable: Volume = { ...volume, status: 'available' };
    const device = await driver.openDevice(this.context, { kind: 'volume', volume: readable }, 'read-only');
    const { sizeBytes } = device;
    await device.close();
    const found: string[] = [];
    for (const snapshot of snapshots) {
      if (await this.#hasSnapshot({ ...snapshot, volume: readable })) found.push(snapshot.id);
    }
    const listed = await this.#listedSnapshots(volume.id);
    return { sizeBytes, snapshotIds: [...new Set([...found, ...listed])] };
  }

  /** Also those that are not known, of a driver that can list. */
  async #listedSnapshots(volumeId: string): Promise<string[]> {
    if (!this.backend.capabilities.includes('adopt')) return [];
    for await (const { id, snapshots } of this.backend.driver.findAdoptable(this.context)) {
      if (id === volumeId) return snapshots.map((snapshot) => snapshot.id);
    }
    return [];
  }

  async #hasSnapshot(snapshot: Snapshot): Promise<boolean> {
    try {
      const target = { kind: 'snapshot', snapshot } as const;
      const device = await this.backend.driver.openDevice(this.context, target, 'read-only');
      await device.close();
      return true;
    } catch (error) {
      if (isDriverError(error, 'snapshot-not-found')) return false;
      throw error;
    }
  }
}

function lookOf(error: unknown): Look {
  if (isDriverError(error, 'volume-not-found')) return { kind: 'gone' };
  if (isDriverError(error, ...BUSY)) return { kind: 'busy' };
  if (isDriverError(error, 'cancelled')) throw error;
  return { kind: 'unreadable', reason: messageOf(error) };
}
