import { GIB } from '@scoria/core';
import type { AttachmentRecord, OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';

export const VOLUME_ID = '11111111-1111-4111-8111-111111111111';
export const SNAPSHOT_ID = '33333333-3333-4333-8333-333333333333';
const AT = '2026-01-01T00:00:00.000Z';

export function aVolumeRecord(fields: Partial<VolumeRecord> = {}): VolumeRecord {
  return {
    id: VOLUME_ID,
    name: 'data',
    projectId: 'project',
    sizeBytes: GIB,
    status: 'available',
    backend: 'one',
    providerMetadata: {},
    metadata: {},
    countsInQuota: true,
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}

export function aSnapshotRecord(fields: Partial<SnapshotRecord> = {}): SnapshotRecord {
  return {
    id: SNAPSHOT_ID,
    volumeId: VOLUME_ID,
    name: 'before',
    projectId: 'project',
    sizeBytes: GIB,
    status: 'available',
    providerMetadata: {},
    metadata: {},
    countsInQuota: true,
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}

export function anAttachmentRecord(fields: Partial<AttachmentRecord> = {}): AttachmentRecord {
  return {
    id: '55555555-5555-4555-8555-555555555555',
    volumeId: VOLUME_ID,
    status: 'attached',
    host: 'node-1',
    device: '/dev/vdb',
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}

export function anOperationRecord(fields: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: '77777777-7777-4777-8777-777777777777',
    kind: 'extend-volume',
    claims: [{ kind: 'volume', id: VOLUME_ID, mode: 'exclusive' }],
    parameters: {},
    ownerId: 'owner',
    requestId: 'req-1',
    projectId: 'project',
    outcome: 'running',
    takeovers: 0,
    cancelRequested: false,
    createdAt: AT,
    updatedAt: AT,
    ...fields,
  };
}
