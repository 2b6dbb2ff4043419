import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { GIB } from '@scoria/core';
import type { SeenVolume } from './compare.js';
import { compareVolume } from './compare.js';
import { aSnapshotRecord, aVolumeRecord, SNAPSHOT_ID } from '../spec-support/records.js';

const OTHER = '99999999-9999-4999-8999-999999999999';
const seen: SeenVolume = { sizeBytes: GIB, format: 'raw', snapshotIds: [] };

type Row = [
  string,
  Partial<VolumeRecord>,
  Partial<SnapshotRecord>[],
  SeenVolume | undefined,
  [kind: string, resource: string, repair: string | undefined, problem: RegExp][],
];

describe('compareVolume', () => {
  it.each<Row>([
    ['all as it should be', {}, [{}], { ...seen, snapshotIds: [SNAPSHOT_ID] }, []],
    ['a driver that cannot tell snapshots', {}, [{}], { sizeBytes: GIB }, []],
    ['missing', {}, [], undefined, [['missing', 'volume', 'mark-volume', /nothing of it is there/]]],
    [
      'missing while in use',
      { status: 'in-use' },
      [],
      undefined,
      [['missing', 'volume', undefined, /nothing/]],
    ],
    ['missing after a failed create', { status: 'error' }, [], undefined, []],
    ['missing after a failed delete', { status: 'error_deleting' }, [], undefined, []],
    [
      'another size',
      {},
      [],
      { ...seen, sizeBytes: 2 * GIB },
      [['mismatched', 'volume', undefined, /bytes: 1073741824 expected, 2147483648 found/]],
    ],
    [
      'another format',
      { providerMetadata: { format: 'raw' } },
      [],
      { ...seen, format: 'qcow2' },
      [['mismatched', 'volume', undefined, /format: raw expected, qcow2 found/]],
    ],
    ['another size after a failed extend', { status: 'error_extending' }, [], { ...seen, sizeBytes: 1 }, []],
    ['a snapshot missing', {}, [{}], seen, [['missing', 'snapshot', 'mark-snapshot', /not there/]]],
    ['a failed snapshot missing', {}, [{ status: 'error' }], seen, []],
    [
      'a snapshot nobody knows',
      {},
      [],
      { ...seen, snapshotIds: [OTHER] },
      [['orphan', 'snapshot', 'collect-snapshot', /records do not have/]],
    ],
    ["a clone's temporary snapshot", {}, [], { ...seen, snapshotIds: [`tmp-snap-${OTHER}`] }, []],
    [
      'stuck, whatever is there',
      { status: 'extending' },
      [],
      undefined,
      [['stuck', 'volume', 'mark-volume', /status is extending, and no operation/]],
    ],
    [
      'a stuck snapshot',
      {},
      [{ status: 'deleting' }],
      { ...seen, snapshotIds: [SNAPSHOT_ID] },
      [['stuck', 'snapshot', 'mark-snapshot', /status is deleting/]],
    ],
  ])('%s', (_, volume, snapshots, found, expected) => {
    const recorded = {
      volume: aVolumeRecord(volume),
      snapshots: snapshots.map((fields) => aSnapshotRecord(fields)),
    };
    const findings = compareVolume(recorded, found);
    expect(findings.map(({ finding, repair }) => [finding.kind, finding.resourceKind, repair?.kind])).toEqual(
      expected.map((row) => row.slice(0, 3)),
    );
    findings.forEach(({ finding, repair }, index) => {
      expect(finding.problem).toMatch(expected[index]![3]);
      expect(finding.repair === undefined).toBe(repair === undefined);
    });
  });
});
