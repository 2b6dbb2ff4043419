import type { PlanRequest, Snapshot, Volume } from '@scoria/core';
import type { MemoryArray, StoredVolume } from './memory-array.js';
import { nameOf } from './memory-driver.js';
import {
  alreadyExists,
  snapshotBusy,
  snapshotNotFound,
  volumeBusy,
  volumeNotFound,
} from './memory-errors.js';

/** What the driver in memory would do; see `PlanOperations.planOf`. */
export function planInMemory(array: MemoryArray, request: PlanRequest): string[] {
  switch (request.operation) {
    case 'create-volume':
      return making(array, request.volume);
    case 'clone-volume':
      stored(array, request.source);
      return ['take a temporary snapshot', ...making(array, request.volume)];
    case 'create-volume-from-snapshot':
      requireSnapshot(array, request.snapshot);
      return making(array, request.volume);
    case 'delete-volume':
      return deleting(array, request.volume);
    case 'extend-volume':
      stored(array, request.volume);
      return ['grow the volume'];
    case 'create-snapshot':
      if (stored(array, request.snapshot.volume).snapshots.has(request.snapshot.id)) {
        throw alreadyExists(`snapshot ${request.snapshot.id}`);
      }
      return ['keep the moment'];
    case 'delete-snapshot': {
      const volume = array.volumes.get(nameOf(request.snapshot.volume));
      return volume?.snapshots.has(request.snapshot.id) === true ? ['drop the snapshot'] : [];
    }
    case 'revert-to-snapshot':
      return reverting(array, request.snapshot);
  }
}

function stored(array: MemoryArray, volume: Volume): StoredVolume {
  const found = array.volumes.get(nameOf(volume));
  if (found?.state !== 'ready') throw volumeNotFound(nameOf(volume));
  return found;
}

function requireSnapshot(array: MemoryArray, { id, volume }: Snapshot): string[] {
  const ids = [...stored(array, volume).snapshots.keys()];
  if (!ids.includes(id)) throw snapshotNotFound(id);
  return ids;
}

function making(array: MemoryArray, volume: Volume): string[] {
  if (array.volumes.has(nameOf(volume))) throw alreadyExists(nameOf(volume));
  return ['make the volume', 'show the volume'];
}

function deleting(array: MemoryArray, volume: Volume): string[] {
  const found = array.volumes.get(nameOf(volume));
  if (found === undefined) return [];
  if (found.snapshots.size > 0) throw volumeBusy(nameOf(volume), [...found.snapshots.keys()]);
  return ['mark the volume as going', 'remove the volume'];
}

function reverting(array: MemoryArray, snapshot: Snapshot): string[] {
  const ids = requireSnapshot(array, snapshot);
  const newer = ids.slice(ids.indexOf(snapshot.id) + 1);
  if (newer.length > 0) throw snapshotBusy(snapshot.id, newer);
  return ['go back'];
}
