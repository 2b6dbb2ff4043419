import { dependenciesOfSnapshot, dependenciesOfVolume } from './dependencies.js';
import {
  anAttachmentRecord,
  anOperationRecord,
  aSnapshotRecord,
  aVolumeRecord,
  VOLUME_ID,
} from './spec-support/records.js';

const copy = aVolumeRecord({ id: '22222222-2222-4222-8222-222222222222', name: 'copy' });
const nothing = { attachments: [], operations: [], copies: [], snapshots: [] };

describe('dependenciesOfVolume', () => {
  const volume = aVolumeRecord({ pool: 'fast' });

  it('depends on its backend alone, and nothing is in the way', () => {
    expect(dependenciesOfVolume({ volume, ...nothing })).toEqual({
      subject: { kind: 'volume', id: volume.id, name: 'data' },
      dependsOn: [{ kind: 'backend', id: 'one', relation: 'holds its data in fast' }],
      dependents: [],
      blockers: [],
    });
  });

  it.each([
    ['a snapshot', { snapshots: [aSnapshotRecord()] }, `scoria snapshot delete ${aSnapshotRecord().id}`],
    [
      'an attachment',
      { attachments: [anAttachmentRecord()] },
      `scoria volume detach ${VOLUME_ID} ${anAttachmentRecord().id}`,
    ],
    [
      'an operation',
      { operations: [anOperationRecord()] },
      `scoria operation watch ${anOperationRecord().id}`,
    ],
  ])('is held by %s, with what would free it', (_, around, remedy) => {
    const { dependents, blockers } = dependenciesOfVolume({ volume, ...nothing, ...around });
    expect(blockers).toEqual([{ ...dependents[0], remedy }]);
  });

  it.each([
    ['a state that it is stuck in', [], ['scoria volume reset']],
    ['the operation that brings it out of its state', [anOperationRecord()], ['scoria operation watch']],
  ])('is held by %s', (_, operations, expected) => {
    const stuck = aVolumeRecord({ status: 'extending' });
    const { blockers } = dependenciesOfVolume({ volume: stuck, ...nothing, operations });
    expect(blockers.map(({ remedy, id }) => remedy.replace(` ${id}`, ''))).toEqual(expected);
  });

  it('is not held by what was copied of it, nor by what it was copied of', () => {
    const found = dependenciesOfVolume({ volume, ...nothing, copies: [copy], source: aSnapshotRecord() });
    expect(found.blockers).toEqual([]);
    expect(found.dependents).toMatchObject([{ kind: 'volume', id: copy.id }]);
    expect(found.dependsOn).toMatchObject([
      { kind: 'backend' },
      { kind: 'snapshot', id: aSnapshotRecord().id },
    ]);
  });
});

describe('dependenciesOfSnapshot', () => {
  const base = { snapshot: aSnapshotRecord(), volume: aVolumeRecord(), ...nothing };

  it('depends on its volume, and is read by what is being made of it', () => {
    const making = { ...copy, status: 'creating' } as const;
    const found = dependenciesOfSnapshot({ ...base, copies: [making], onlineSnapshot: false });
    expect(found.dependsOn).toMatchObject([{ kind: 'volume' }, { kind: 'backend' }]);
    expect(found.dependents).toMatchObject([{ relation: 'is being made of it' }]);
  });

  it.each([
    [false, ['attachment']],
    [true, []],
  ])('of a volume in use, where the backend can delete it then: %p', (onlineSnapshot, expected) => {
    const around = { ...base, attachments: [anAttachmentRecord()], onlineSnapshot };
    expect(dependenciesOfSnapshot(around).blockers.map(({ kind }) => kind)).toEqual(expected);
  });
});
