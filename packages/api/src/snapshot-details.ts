import type { VolumeManager } from '@scoria/manager';

type SnapshotRecord = Awaited<ReturnType<VolumeManager['getSnapshot']>>;

const GIB = 1024 ** 3;
const EXTENDED = 'os-extended-snapshot-attributes';

/** A snapshot as the Block Storage API v3 shows it; `size` in GiB. */
export function snapshotDetails(snapshot: SnapshotRecord): Record<string, unknown> {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description ?? null,
    status: snapshot.status,
    size: Math.ceil(snapshot.sizeBytes / GIB),
    volume_id: snapshot.volumeId,
    metadata: snapshot.metadata,
    created_at: snapshot.createdAt,
    updated_at: snapshot.updatedAt,
    [`${EXTENDED}:progress`]: progressOf(snapshot),
    [`${EXTENDED}:project_id`]: snapshot.projectId,
  };
}

function progressOf({ status, computeReport }: SnapshotRecord): string {
  if (status === 'available') return '100%';
  return computeReport?.progress ?? '0%';
}
