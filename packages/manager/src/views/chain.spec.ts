import type { VolumeLayer } from '@scoria/core';
import { GIB } from '@scoria/core';
import { chainOfLayers, chainOfRecords } from './chain.js';
import { aSnapshotRecord, aVolumeRecord, SNAPSHOT_ID, VOLUME_ID } from './spec-support/records.js';

const NEWER = '44444444-4444-4444-8444-444444444444';
const records = {
  volume: aVolumeRecord(),
  snapshots: [
    aSnapshotRecord({ id: NEWER, name: 'after', createdAt: '2026-01-02T00:00:00.000Z' }),
    aSnapshotRecord(),
  ],
  blockedBy: new Map([[VOLUME_ID, ['snapshot before']]]),
};

function layer(name: string, fields: Partial<VolumeLayer> = {}): VolumeLayer {
  return { name, sizeBytes: GIB, format: 'qcow2', isVolume: false, snapshotIds: [], ...fields };
}

function lines(nodes: ReturnType<typeof chainOfRecords>): string[] {
  return nodes.map(
    ({ kind, id, name, status, parentId }) => `${kind} ${id} ${name} ${status} on ${parentId ?? '-'}`,
  );
}

describe('the chain', () => {
  it('as the records have it: by age, the volume last', () => {
    const nodes = chainOfRecords(records);
    expect(lines(nodes)).toEqual([
      `snapshot ${SNAPSHOT_ID} before available on -`,
      `snapshot ${NEWER} after available on ${SNAPSHOT_ID}`,
      `volume ${VOLUME_ID} data available on ${NEWER}`,
    ]);
    expect(nodes.map(({ blockedBy }) => blockedBy)).toEqual([[], [], ['snapshot before']]);
  });

  it('as the backend has it: files with the snapshots whose data they hold', () => {
    const nodes = chainOfLayers(
      [
        layer('v', { snapshotIds: [SNAPSHOT_ID], format: 'raw' }),
        layer('v.1', { parent: 'v', snapshotIds: [NEWER] }),
        layer('v.2', { parent: 'v.1', isVolume: true }),
      ],
      records,
    );
    expect(lines(nodes)).toEqual([
      `snapshot ${SNAPSHOT_ID} before available on -`,
      `snapshot ${NEWER} after available on ${SNAPSHOT_ID}`,
      `volume ${VOLUME_ID} data available on ${NEWER}`,
    ]);
    expect(nodes.map((node) => [node.layer, node.format])).toEqual([
      ['v', 'raw'],
      ['v.1', 'qcow2'],
      ['v.2', 'qcow2'],
    ]);
  });

  it('shows layers and snapshots that the records do not have', () => {
    const strange = '88888888-8888-4888-8888-888888888888';
    const nodes = chainOfLayers(
      [
        layer('v'),
        layer('v.1', { parent: 'v', snapshotIds: [strange, NEWER] }),
        layer('v.2', { parent: 'v.1', isVolume: true }),
      ],
      records,
    );
    expect(lines(nodes)).toEqual([
      'base v v in use on -',
      `snapshot ${strange}  unknown on v`,
      `snapshot ${NEWER} after available on v`,
      `volume ${VOLUME_ID} data available on ${strange}`,
    ]);
  });
});
