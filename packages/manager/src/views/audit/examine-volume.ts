import type { OperationRecord, SnapshotRecord, Store, VolumeRecord } from '@scoria/store';
import { everySnapshot } from '../every-page.js';
import { toDriverSnapshot, toDriverVolume } from '../../driver-objects.js';
import type { BackendLook, Look } from './backend-look.js';
import { compareVolume } from './compare.js';
import type { RecordedVolume } from './compare.js';
import type { Finding } from './repair.js';

/** How often a volume that changes while it is looked at is looked at again. */
const TRIES = 3;

interface State extends RecordedVolume {
  readonly operations: readonly OperationRecord[];
}

/**
 * What is wrong with one volume. It is looked at between two readings of the records that say the same and know of no
 * operation on it; one that is being worked on has no findings.
 */
export async function examineVolume(store: Store, look: BackendLook, volumeId: string): Promise<Finding[]> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const before = await readState(store, volumeId);
    if (before?.volume.backend !== look.backend.name || before.operations.length > 0) return [];
    const seen = await look.look(...driverView(before));
    const after = await readState(store, volumeId);
    if (after === undefined || fingerprint(before) !== fingerprint(after)) continue;
    return findingsOf(before, seen);
  }
  return [];
}

function driverView({ volume, snapshots }: State): Parameters<BackendLook['look']> {
  return [toDriverVolume(volume), snapshots.map((snapshot) => toDriverSnapshot(snapshot, volume))];
}

async function readState(store: Store, volumeId: string): Promise<State | undefined> {
  const volume = await store.getVolume(volumeId);
  if (volume === undefined) return undefined;
  const snapshots = await everySnapshot(store, { volumeId });
  const held = [
    store.operationsHolding('volume', volumeId),
    ...snapshots.map(({ id }) => store.operationsHolding('snapshot', id)),
  ];
  return { volume, snapshots, operations: (await Promise.all(held)).flat() };
}

/** Differs if anything was done with the volume or its snapshots between two readings. */
function fingerprint({ volume, snapshots, operations }: State): string {
  const row = ({ id, status, updatedAt }: VolumeRecord | SnapshotRecord): string =>
    `${id} ${status} ${updatedAt}`;
  return [volume.backend, volume.nameId ?? '', row(volume), ...snapshots.map(row).sort()]
    .concat(operations.map(({ id }) => id))
    .join('\n');
}

function findingsOf(state: State, look: Look): Finding[] {
  switch (look.kind) {
    case 'seen':
      return compareVolume(state, look.seen);
    case 'gone':
      return compareVolume(state, undefined);
    case 'busy':
      return [];
    case 'unreadable': {
      const { id, name } = state.volume;
      const problem = `it cannot be looked at: ${look.reason}`;
      return [{ finding: { kind: 'mismatched', resourceKind: 'volume', id, name, problem } }];
    }
  }
}
