import { randomUUID } from 'node:crypto';
import type {
  AttachmentRecord,
  BackendRecord,
  Claim,
  MessageRecord,
  OperationRecord,
  SnapshotRecord,
  TemporarySnapshotRecord,
  VolumeRecord,
  VolumeTypeRecord,
} from '../records.js';

const GIB = 1024 ** 3;
export const PROJECT = 'project';

/** A time of the records: so many seconds after the first one. */
export function timeOf(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
}

const TIMES = { createdAt: timeOf(0), updatedAt: timeOf(0) };

export function volumeOf(overrides: Partial<VolumeRecord> = {}): VolumeRecord {
  return {
    id: randomUUID(),
    name: 'data',
    projectId: PROJECT,
    sizeBytes: GIB,
    status: 'available',
    backend: 'one',
    providerMetadata: {},
    metadata: {},
    countsInQuota: true,
    ...TIMES,
    ...overrides,
  };
}

export function snapshotOf(
  { id: volumeId, sizeBytes }: VolumeRecord,
  overrides: Partial<SnapshotRecord> = {},
): SnapshotRecord {
  return {
    id: randomUUID(),
    volumeId,
    name: 'monday',
    projectId: PROJECT,
    sizeBytes,
    status: 'available',
    providerMetadata: {},
    metadata: {},
    countsInQuota: true,
    ...TIMES,
    ...overrides,
  };
}

export function temporarySnapshotOf(
  overrides: Partial<TemporarySnapshotRecord> = {},
): TemporarySnapshotRecord {
  return {
    id: `tmp-snap-${randomUUID()}`,
    volumeId: randomUUID(),
    status: 'creating',
    computeReport: { during: 'creating', phase: 'creating', asked: 'take x', inDoubt: false },
    ...TIMES,
    ...overrides,
  };
}

export function attachmentOf(
  { id: volumeId }: VolumeRecord,
  overrides: Partial<AttachmentRecord> = {},
): AttachmentRecord {
  return { id: randomUUID(), volumeId, status: 'reserved', ...TIMES, ...overrides };
}

export function backendOf(overrides: Partial<BackendRecord> = {}): BackendRecord {
  return {
    name: 'one',
    driver: '@scoria/driver-local',
    state: 'up',
    capabilities: [],
    pools: [],
    updatedAt: timeOf(0),
    ...overrides,
  };
}

export function typeOf(overrides: Partial<VolumeTypeRecord> = {}): VolumeTypeRecord {
  return {
    id: randomUUID(),
    name: 'fast',
    extraSpecs: {},
    qosSpecs: {},
    createdAt: timeOf(0),
    ...overrides,
  };
}

export function messageOf(resourceId: string, overrides: Partial<MessageRecord> = {}): MessageRecord {
  return {
    id: randomUUID(),
    projectId: PROJECT,
    resourceKind: 'volume',
    resourceId,
    level: 'error',
    code: 'no-space',
    text: 'the disk is full',
    requestId: 'req-1',
    createdAt: timeOf(0),
    ...overrides,
  };
}

export function operationOf(
  claims: readonly Claim[],
  overrides: Partial<OperationRecord> = {},
): OperationRecord {
  return {
    id: randomUUID(),
    kind: 'extend-volume',
    claims,
    parameters: {},
    ownerId: 'owner',
    requestId: 'req-1',
    projectId: PROJECT,
    outcome: 'running',
    takeovers: 0,
    cancelRequested: false,
    ...TIMES,
    ...overrides,
  };
}

export function exclusive(id: string, kind: Claim['kind'] = 'volume'): Claim {
  return { kind, id, mode: 'exclusive' };
}

export function shared(id: string, kind: Claim['kind'] = 'volume'): Claim {
  return { kind, id, mode: 'shared' };
}
