import type { PlanRequest, Snapshot, Volume } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { stageCase } from '../case.js';
import { assertHeldBy, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';
import { provisioned } from './backend.js';

/** One request of each kind that the driver can be asked, all of which would succeed. */
function requests(stage: Stage, volume: Volume, snapshot: Snapshot, spare: Volume): PlanRequest[] {
  const fresh = makeVolume({ sizeBytes: stage.size });
  const { capabilities } = stage.harness.plugin;
  const all: (PlanRequest | undefined)[] = [
    { operation: 'create-volume', volume: fresh },
    { operation: 'delete-volume', volume: spare },
    { operation: 'extend-volume', volume, newSizeBytes: 2 * stage.size },
    { operation: 'create-snapshot', snapshot: makeSnapshot(volume) },
    { operation: 'delete-snapshot', snapshot },
    { operation: 'create-volume-from-snapshot', volume: fresh, snapshot },
    capabilities.includes('revert') ? { operation: 'revert-to-snapshot', volume, snapshot } : undefined,
    capabilities.includes('clone') ? { operation: 'clone-volume', volume: fresh, source: volume } : undefined,
  ];
  return all.filter((request) => request !== undefined);
}

async function changesNothing(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  const spare = await stage.volume();
  const before = await stage.leftovers();
  const promised = provisioned(await stage.driver.stats(stage.context()));
  for (const request of requests(stage, volume, snapshot, spare)) {
    const steps = await stage.driver.planOf(stage.context(), request);
    assert.ok(steps.length > 0, `${request.operation} has steps`);
    assert.ok(
      steps.every((step) => step.trim() !== ''),
      `${request.operation}: every step is a sentence: ${JSON.stringify(steps)}`,
    );
    assert.deepEqual(
      await stage.leftovers(),
      before,
      `what is on the storage after planning ${request.operation}`,
    );
  }
  const after = provisioned(await stage.driver.stats(stage.context()));
  assert.equal(after, promised, 'what is promised after planning');
}

async function refuses(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  const plan = (request: PlanRequest) => () => stage.driver.planOf(stage.context(), request);
  const busy = await assertRefused(
    'planning to delete a volume with a snapshot',
    'volume-busy',
    plan({ operation: 'delete-volume', volume }),
  );
  assertHeldBy(busy, snapshot.id);
  await assertRefused(
    'planning to shrink',
    'invalid-input',
    plan({ operation: 'extend-volume', volume, newSizeBytes: stage.size / 2 }),
  );
  await assertRefused(
    'planning to copy a snapshot that never was',
    'snapshot-not-found',
    plan({
      operation: 'create-volume-from-snapshot',
      volume: makeVolume({ sizeBytes: stage.size }),
      snapshot: makeSnapshot(volume),
    }),
  );
}

export const planningCases = [
  stageCase('planOf: every operation has steps, and none is taken', changesNothing, ['plan']),
  stageCase('planOf: what the operation would refuse is refused', refuses, ['plan']),
];
