import type { BackendStats, Capability, OptionalMethods } from '@scoria/core';
import { CAPABILITIES, checkPlugin, describeOptions } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { collect, withDevice } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import type { ConformanceCase } from '../case.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { ConformanceHarness } from '../harness.js';
import type { Stage } from '../stage.js';
import { backupPoint } from './backups.js';

async function fits({ plugin }: ConformanceHarness): Promise<void> {
  checkPlugin(plugin);
  for (const { name, description } of describeOptions(plugin.options)) {
    assert.match(
      name,
      /^[a-z][a-z0-9_]*$/,
      'option names are lower case, with underscores, as in cinder.conf',
    );
    assert.ok(description.length > 0, `the option ${name} has a description`);
  }
  return Promise.resolve();
}

/** A call of each optional method, as far as a caller gets who does not look at the capabilities. */
function optionalCalls(stage: Stage): Record<keyof OptionalMethods, () => Promise<unknown>> {
  const { driver } = stage;
  const volume = makeVolume({ sizeBytes: stage.size });
  const source = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' } as const;
  const context = stage.context();
  const found = {
    id: volume.id,
    sizeBytes: stage.size,
    providerLocation: '',
    providerMetadata: {},
    snapshots: [],
    problems: [],
    changes: [],
  };
  return {
    createClonedVolume: () => driver.createClonedVolume(context, volume, source),
    revertToSnapshot: () => driver.revertToSnapshot(context, source, makeSnapshot(source)),
    listManageable: async () => collect(driver.listManageable(context, [])),
    manageExistingSize: () => driver.manageExistingSize(context, {}),
    manageExisting: () => driver.manageExisting(context, volume, {}),
    unmanage: () => driver.unmanage(context, source),
    listManageableSnapshots: async () => collect(driver.listManageableSnapshots(context, [], [])),
    manageExistingSnapshotSize: () => driver.manageExistingSnapshotSize(context, source, {}),
    manageExistingSnapshot: () => driver.manageExistingSnapshot(context, makeSnapshot(source), {}),
    unmanageSnapshot: () => driver.unmanageSnapshot(context, makeSnapshot(source)),
    findAdoptable: async () => collect(driver.findAdoptable(context)),
    adopt: () => driver.adopt(context, found),
    chainOf: () => driver.chainOf(context, source, []),
    retypeVolume: () => driver.retypeVolume(context, { ...source, status: 'retyping' }, undefined),
    cloneImage: () =>
      driver.cloneImage(context, volume, { id: '', diskFormat: 'raw', sizeBytes: 512, locations: [] }),
    openBackup: () => driver.openBackup(context, source, backupPoint(1)),
    forgetBackup: () => driver.forgetBackup(context, source, backupPoint(1).id),
    planOf: () => driver.planOf(context, { operation: 'create-volume', volume }),
  };
}

async function undeclaredIsRefused(stage: Stage): Promise<void> {
  const declared = stage.harness.plugin.capabilities;
  const calls = optionalCalls(stage);
  for (const capability of Object.keys(CAPABILITIES) as Capability[]) {
    if (declared.includes(capability)) continue;
    for (const method of CAPABILITIES[capability]) {
      await assertRefused(`${method} without '${capability}'`, 'not-supported', async () => calls[method]());
    }
  }
  if (declared.includes('changedBlocks')) return;
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  await withDevice(stage.driver, stage.context(), volume, 'read-only', async (device) => {
    await assertRefused("changedExtents without 'changedBlocks'", 'not-supported', () =>
      collect(device.changedExtents(snapshot.id)),
    );
  });
}

/** What all pools together have promised. */
export function provisioned({ pools }: BackendStats): number {
  return pools.reduce((sum, { provisionedBytes }) => sum + provisionedBytes, 0);
}

function assertSane(stats: BackendStats): void {
  const { pools, vendorName, storageProtocol } = stats;
  assert.ok(vendorName !== '' && storageProtocol !== '', 'stats name vendor and protocol');
  assert.ok(pools.length > 0, 'stats have at least one pool');
  const names = pools.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, `pool names differ: ${names.join(', ')}`);
  for (const pool of pools) {
    const { name, totalBytes, freeBytes, provisionedBytes, reservedPercentage, maxOverSubscriptionRatio } =
      pool;
    const finite = [totalBytes, freeBytes, provisionedBytes].every(
      (value) => Number.isFinite(value) && value >= 0,
    );
    assert.ok(finite, `pool ${name}: total, free and provisioned are bytes: ${JSON.stringify(pool)}`);
    assert.ok(
      totalBytes >= freeBytes,
      `pool ${name}: no more is free than there is: ${JSON.stringify(pool)}`,
    );
    assert.ok(reservedPercentage >= 0 && reservedPercentage <= 100, `pool ${name}: reserved is a percentage`);
    assert.ok(maxOverSubscriptionRatio >= 1, `pool ${name}: the over-subscription ratio is 1 or more`);
  }
}

async function statistics(stage: Stage): Promise<void> {
  const empty = await stage.driver.stats(stage.context());
  assertSane(empty);
  const volume = await stage.volume({ sizeBytes: 2 * stage.size });
  const one = await stage.driver.stats(stage.context());
  assertSane(one);
  const promised = provisioned(one) - provisioned(empty);
  assert.ok(
    promised >= 2 * stage.size,
    `provisioned grew by ${String(promised)} for a volume of twice ${String(stage.size)}`,
  );
  await stage.deleteVolume(volume);
  const again = await stage.driver.stats(stage.context());
  assert.equal(provisioned(again), provisioned(empty), 'provisioned after the volume was deleted');
}

async function startsAgain(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  const before = await stage.leftovers();
  await stage.restart();
  await stage.startBackend();
  await stage.driver.recover(stage.context());
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after more starts');
  assertBytes(await stage.read(volume), data, 'a volume after more starts');
  assertBytes(await stage.read(snapshot), data, 'a snapshot after more starts');
}

async function endsTwice(stage: Stage): Promise<void> {
  const unstarted = await stage.createBackend();
  await unstarted.backend.driver.teardown(stage.context());
  const volume = await stage.volume();
  await stage.driver.teardown(stage.context());
  await stage.driver.teardown(stage.context());
  await stage.restart();
  assertBytes(await stage.read(volume), Buffer.alloc(stage.size), 'a volume after the driver was ended');
}

async function nothingIsLeft(stage: Stage): Promise<void> {
  const volumes = [await stage.volume(), await stage.volume()];
  for (const volume of volumes) {
    await stage.write(volume, 0, patternBytes(1, stage.size));
    const snapshots = [await stage.snapshot(volume), await stage.snapshot(volume)];
    const larger = await stage.extend(volume, 2 * stage.size);
    for (const snapshot of snapshots) await stage.deleteSnapshot({ ...snapshot, volume: larger });
    await stage.deleteVolume(larger);
  }
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

export const backendCases: readonly ConformanceCase[] = [
  { name: 'plugin: fits the contract, and describes its options', run: fits },
  stageCase('plugin: what is not declared is not-supported', undeclaredIsRefused),
  stageCase('stats: totals and free room make sense, provisioned follows the volumes', statistics),
  stageCase('start: again, and beside another, changes nothing', startsAgain),
  stageCase('teardown: twice, and before setup, is fine', endsTwice),
  stageCase('leftovers: nothing is left when all is deleted', nothingIsLeft),
];
