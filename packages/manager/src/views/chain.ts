import type { VolumeLayer } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import type { ChainNode } from '../views.js';

/** What is known of a volume's chain besides its layers. */
export interface ChainRecords {
  readonly volume: VolumeRecord;
  readonly snapshots: readonly SnapshotRecord[];
  /** By the id of a volume or snapshot: what is in the way of deleting it. */
  readonly blockedBy: ReadonlyMap<string, readonly string[]>;
}

/** The chain as the backend has it, oldest first. A layer that holds no volume and no snapshot is a `base`. */
export function chainOfLayers(layers: readonly VolumeLayer[], records: ChainRecords): ChainNode[] {
  const idOf = new Map(layers.map((layer) => [layer.name, nodeIds(layer, records)[0] ?? layer.name]));
  return layers.flatMap((layer) => {
    const parentId = layer.parent === undefined ? undefined : idOf.get(layer.parent);
    const common = {
      layer: layer.name,
      sizeBytes: layer.sizeBytes,
      ...(layer.format === undefined ? {} : { format: layer.format }),
      ...(layer.flattening === undefined ? {} : { flattening: layer.flattening }),
      ...(parentId === undefined ? {} : { parentId }),
    };
    const ids = nodeIds(layer, records);
    if (ids.length === 0) return [baseNode(layer, common)];
    return ids.map((id) => ({ ...common, ...recordedAs(id, records) }));
  });
}

/** The chain as the records have it: each snapshot on the one before, the volume on the newest. */
export function chainOfRecords(records: ChainRecords): ChainNode[] {
  const { volume } = records;
  const oldestFirst = [...records.snapshots].sort(byAge);
  const ids = [...oldestFirst.map(({ id }) => id), volume.id];
  return [...oldestFirst, volume].map((record, index) => {
    const parentId = ids[index - 1];
    return {
      ...recordedAs(record.id, records),
      sizeBytes: record.sizeBytes,
      ...(parentId === undefined ? {} : { parentId }),
    };
  });
}

function byAge(a: SnapshotRecord, b: SnapshotRecord): number {
  return a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id);
}

function nodeIds({ isVolume, snapshotIds }: VolumeLayer, { volume }: ChainRecords): string[] {
  return isVolume ? [volume.id, ...snapshotIds] : [...snapshotIds];
}

type Recorded = Pick<ChainNode, 'id' | 'kind' | 'name' | 'status' | 'blockedBy'>;

function recordedAs(id: string, { volume, snapshots, blockedBy }: ChainRecords): Recorded {
  const record = id === volume.id ? volume : snapshots.find((snapshot) => snapshot.id === id);
  return {
    id,
    kind: id === volume.id ? 'volume' : 'snapshot',
    name: record?.name ?? '',
    status: record?.status ?? 'unknown',
    blockedBy: blockedBy.get(id) ?? [],
  };
}

function baseNode({ name }: VolumeLayer, common: Omit<ChainNode, keyof Recorded>): ChainNode {
  return { ...common, id: name, kind: 'base', name, status: 'in use', blockedBy: ['the layers above it'] };
}
