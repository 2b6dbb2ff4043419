import type { Snapshot, Volume } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { stageCase } from '../case.js';
import { assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';
import { connectorOf } from './connecting.js';

const BAD_SIZES = [0, -512, 513, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];

const BAD_IDS = [
  '',
  '.',
  '../../../../tmp/x',
  '-rf',
  'x',
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
  'a0eebc999c0b4ef8bb6d6bb9bd380a11',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11/..',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n',
  'tmp-snap-a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
];

async function badSizes(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  const canClone = stage.harness.plugin.capabilities.includes('clone');
  const before = await stage.leftovers();
  for (const sizeBytes of BAD_SIZES) {
    const calls: Record<string, () => Promise<unknown>> = {
      createVolume: () => stage.volume({ sizeBytes }),
      extendVolume: () => stage.extend(volume, sizeBytes),
      createVolumeFromSnapshot: () => stage.volumeOf(snapshot, { sizeBytes }),
      ...(canClone ? { createClonedVolume: () => stage.clone(volume, { sizeBytes }) } : {}),
    };
    for (const [method, call] of Object.entries(calls)) {
      await assertRefused(`${method} with the size ${String(sizeBytes)}`, 'invalid-input', call);
    }
  }
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after refused calls');
}

/** All calls that take an id, with one that is no UUID. */
function callsWith(
  stage: Stage,
  id: string,
  good: Volume,
  snapshot: Snapshot,
): Record<string, () => Promise<unknown>> {
  const bad: Volume = { ...good, id };
  return {
    createVolume: () => stage.volume({ id }),
    deleteVolume: () => stage.deleteVolume(bad),
    extendVolume: () => stage.extend(bad, 2 * stage.size),
    createSnapshot: () => stage.snapshot(good, { id }),
    'createSnapshot of a volume': () => stage.snapshot(bad),
    deleteSnapshot: () => stage.deleteSnapshot(makeSnapshot(good, { id })),
    'deleteSnapshot of a volume': () => stage.deleteSnapshot({ ...snapshot, volume: bad }),
    createVolumeFromSnapshot: () => stage.volumeOf(snapshot, { id }),
    'createVolumeFromSnapshot of a snapshot': () => stage.volumeOf({ ...snapshot, id }),
    ensureExport: () => stage.driver.ensureExport(stage.context(), { ...bad, status: 'in-use' }),
    initializeConnection: () => stage.driver.initializeConnection(stage.context(), bad, connectorOf(stage)),
    terminateConnection: () => stage.driver.terminateConnection(stage.context(), bad, undefined),
    openDevice: () => stage.read(bad),
    'openDevice of a snapshot': () => stage.read({ ...snapshot, id }),
  };
}

function optionalCallsWith(
  stage: Stage,
  id: string,
  good: Volume,
  snapshot: Snapshot,
): Record<string, () => Promise<unknown>> {
  const bad: Volume = { ...good, id };
  const { capabilities } = stage.harness.plugin;
  const managing = makeVolume({ id, status: 'managing' });
  return {
    ...(capabilities.includes('clone') && {
      createClonedVolume: () => stage.clone(good, { id }),
      'createClonedVolume of a source': () => stage.clone(bad),
    }),
    ...(capabilities.includes('revert') && {
      revertToSnapshot: () => stage.revert(good, { ...snapshot, id }),
      'revertToSnapshot of a volume': () => stage.revert(bad, snapshot),
    }),
    ...(capabilities.includes('manage') && {
      manageExisting: () => stage.driver.manageExisting(stage.context(), managing, {}),
      unmanage: () => stage.driver.unmanage(stage.context(), bad),
    }),
    ...(capabilities.includes('manageSnapshots') && {
      manageExistingSnapshot: () =>
        stage.driver.manageExistingSnapshot(stage.context(), { ...snapshot, id }, {}),
      'manageExistingSnapshot of a volume': () =>
        stage.driver.manageExistingSnapshot(stage.context(), { ...snapshot, volume: bad }, {}),
      manageExistingSnapshotSize: () => stage.driver.manageExistingSnapshotSize(stage.context(), bad, {}),
      unmanageSnapshot: () => stage.driver.unmanageSnapshot(stage.context(), { ...snapshot, id }),
    }),
    ...(capabilities.includes('inspect') && {
      chainOf: () => stage.driver.chainOf(stage.context(), bad, []),
    }),
    ...(capabilities.includes('plan') && {
      planOf: () => stage.driver.planOf(stage.context(), { operation: 'delete-volume', volume: bad }),
    }),
  };
}

async function badIds(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  const before = await stage.leftovers();
  for (const id of BAD_IDS) {
    const calls = {
      ...callsWith(stage, id, volume, snapshot),
      ...optionalCallsWith(stage, id, volume, snapshot),
    };
    for (const [method, call] of Object.entries(calls)) {
      await assertRefused(`${method} with the id ${JSON.stringify(id)}`, 'invalid-input', call);
    }
  }
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after refused calls');
}

export const badInputCases = [
  stageCase('input: sizes that cannot be are invalid-input', badSizes),
  stageCase('input: ids that are no canonical UUID are invalid-input', badIds),
];
