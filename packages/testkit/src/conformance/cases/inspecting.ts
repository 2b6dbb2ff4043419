import type { Snapshot, Volume, VolumeLayer } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { stageCase } from '../case.js';
import { assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

async function layers(stage: Stage, volume: Volume, known: readonly Snapshot[]): Promise<VolumeLayer[]> {
  const found = [...(await stage.driver.chainOf(stage.context(), volume, known))];
  assertSane(found);
  return found;
}

function assertSane(layers: readonly VolumeLayer[]): void {
  const names = layers.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, `layers' names differ: ${names.join(', ')}`);
  assert.equal(layers.filter(({ isVolume }) => isVolume).length, 1, 'one layer is the volume itself');
  layers.forEach(({ name, parent }, index) => {
    const older = names.slice(0, index);
    const fits = parent === undefined || older.includes(parent);
    assert.ok(
      fits,
      `${name} has the parent ${String(parent)}, which is none of the older ${older.join(', ')}`,
    );
  });
}

function idsIn(layers: readonly VolumeLayer[]): string[] {
  return layers.flatMap(({ snapshotIds }) => [...snapshotIds]);
}

function sizeOf(layers: readonly VolumeLayer[]): number | undefined {
  return layers.find(({ isVolume }) => isVolume)?.sizeBytes;
}

async function follows(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const bare = await layers(stage, volume, []);
  assert.deepEqual([idsIn(bare), sizeOf(bare)], [[], stage.size], 'the layers of a new volume');
  const first = await stage.snapshot(volume);
  const second = await stage.snapshot(volume);
  const larger = await stage.extend(volume, 2 * stage.size);
  const known = [first, second].map((snapshot) => ({ ...snapshot, volume: larger }));
  const before = await stage.leftovers();
  const full = await layers(stage, larger, known);
  assert.deepEqual(idsIn(full), [first.id, second.id], 'the snapshots in the layers, oldest first');
  assert.equal(sizeOf(full), 2 * stage.size, 'the size of a volume that was extended');
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after looking');
  await stage.deleteSnapshot({ ...first, volume: larger });
  assert.deepEqual(
    idsIn(await layers(stage, larger, known.slice(1))),
    [second.id],
    'without the deleted one',
  );
}

async function missing(stage: Stage): Promise<void> {
  const never = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' } as const;
  const { providerLocation } = await stage.volume();
  const placed = { ...never, ...(providerLocation === undefined ? {} : { providerLocation }) };
  await assertRefused('looking at a volume that never was', 'volume-not-found', () =>
    stage.driver.chainOf(stage.context(), placed, []),
  );
}

export const inspectingCases = [
  stageCase('chainOf: layers, snapshots and sizes are those of the volume', follows, ['inspect']),
  stageCase('chainOf: a missing volume is volume-not-found', missing, ['inspect']),
];
