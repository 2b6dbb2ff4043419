import type { OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { operationFields, quotaFields, snapshotFields, volumeFields } from './json.js';

const GIB = 1024 ** 3;
const TIMES = { createdAt: '2026-01-02T03:04:05.000Z', updatedAt: '2026-01-02T03:04:06.000Z' };

const volume: VolumeRecord = {
  id: 'v1',
  projectId: 'p1',
  name: 'data',
  sizeBytes: 2 * GIB,
  status: 'available',
  backend: 'local',
  sourceSnapshotId: 's1',
  providerMetadata: {},
  metadata: { a: 'b' },
  countsInQuota: true,
  ...TIMES,
};

const operation: OperationRecord = {
  id: 'o1',
  kind: 'create-volume',
  claims: [{ kind: 'volume', id: 'v1', mode: 'exclusive' }],
  parameters: { secret: 'not shown' },
  ownerId: 'w1',
  requestId: 'req-1',
  projectId: 'p1',
  outcome: 'running',
  takeovers: 0,
  cancelRequested: false,
  ...TIMES,
};

describe('what commands print as JSON', () => {
  it('names the fields of a volume as the Block Storage API does', () => {
    expect(volumeFields(volume)).toEqual({
      id: 'v1',
      name: 'data',
      description: null,
      status: 'available',
      status_reason: null,
      size: 2,
      backend: 'local',
      volume_type: null,
      snapshot_id: 's1',
      source_volid: null,
      metadata: { a: 'b' },
      project_id: 'p1',
      created_at: TIMES.createdAt,
      updated_at: TIMES.updatedAt,
    });
  });

  it('names the volume of a snapshot', () => {
    const { sourceSnapshotId: _source, backend: _backend, ...rest } = volume;
    const snapshot = { ...rest, id: 's1', volumeId: 'v1', status: 'available' } as SnapshotRecord;
    expect(snapshotFields(snapshot)).toMatchObject({ id: 's1', volume_id: 'v1', size: 2 });
  });

  it.each([
    [{}, null],
    [{ progressDone: 1, progressTotal: 0 }, null],
    [{ progressDone: 1, progressTotal: 3 }, 33],
    [{ progressDone: 1, progressTotal: 3, outcome: 'failed' }, 33],
    [{ progressDone: 1, progressTotal: 3, outcome: 'succeeded' }, 100],
  ] as const)('has the progress of %j in percent', (changes, progress) => {
    expect(operationFields({ ...operation, ...changes })).toMatchObject({ progress });
  });

  it('keeps the parameters of an operation to itself', () => {
    expect(JSON.stringify(operationFields(operation))).not.toContain('not shown');
  });

  it.each([
    [
      { resource: 'gigabytes', limit: 10 * GIB, inUse: GIB },
      { limit: 10, in_use: 1 },
    ],
    [
      { resource: 'gigabytes', limit: -1, inUse: 0 },
      { limit: -1, in_use: 0 },
    ],
    [
      { resource: 'volumes', limit: 10, inUse: 2 },
      { limit: 10, in_use: 2 },
    ],
  ] as const)('shows the quota %j', (usage, shown) => {
    expect(quotaFields(usage)).toEqual({ resource: usage.resource, ...shown });
  });
});
