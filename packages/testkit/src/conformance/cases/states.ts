import type { RuledMethod, Volume, VolumeStatus } from '@scoria/core';
import { allowedStates, METHOD_RULES, VOLUME_STATUSES } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { withDevice } from '../../device-access.js';
import type { ConformanceCase } from '../case.js';
import { methodNeeds } from '../case.js';
import { assertRefused, within } from '../checks.js';
import type { ConformanceHarness } from '../harness.js';
import type { Stage } from '../stage.js';
import { withStage } from '../stage.js';
import { backupPoint } from './backups.js';
import { connectorOf } from './connecting.js';
import { imageOf } from './images.js';
import { manageableEntry } from './managing-snapshots.js';
import { referenceOf } from './managing.js';

/** A method that is ready to be called. */
interface ReadyCall {
  /** The volume whose state the rule is about, if it exists before the call. */
  readonly volume?: Volume;
  /** Calls the method with the volume in a state. */
  readonly call: (status: VolumeStatus) => Promise<unknown>;
}

type Prepare = (stage: Stage) => Promise<ReadyCall>;

/** A method that is called on a volume that exists. */
function onVolume(call: (stage: Stage, volume: Volume) => Promise<unknown>): Prepare {
  return async (stage) => {
    const volume = await stage.volume();
    return { volume, call: (status) => call(stage, { ...volume, status }) };
  };
}

function opening(mode: 'read-only' | 'read-write'): Prepare {
  return onVolume((stage, volume) =>
    withDevice(stage.driver, stage.context(), volume, mode, async (device) => {
      assert.equal(device.sizeBytes, stage.size, 'the size of the device');
      return Promise.resolve();
    }),
  );
}

/** How each method is called; one that has a rule and is missing here does not compile. */
const CALLS: Readonly<Record<RuledMethod, Prepare>> = {
  createVolume: async (stage) => Promise.resolve({ call: (status) => stage.volume({ status }) }),
  deleteVolume: onVolume((stage, volume) => stage.deleteVolume(volume)),
  extendVolume: onVolume((stage, volume) => stage.extend(volume, 2 * stage.size)),
  createSnapshot: onVolume((stage, volume) => stage.snapshot(volume)),
  deleteSnapshot: async (stage) => {
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    return { volume, call: (status) => stage.deleteSnapshot({ ...snapshot, volume: { ...volume, status } }) };
  },
  createVolumeFromSnapshot: async (stage) => {
    const snapshot = await stage.snapshot(await stage.volume());
    return { call: (status) => stage.volumeOf(snapshot, { status }) };
  },
  createClonedVolume: async (stage) => {
    const source = await stage.volume();
    return { call: (status) => stage.clone(source, { status }) };
  },
  cloneSource: onVolume((stage, source) => stage.clone(source)),
  revertToSnapshot: async (stage) => {
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    return { volume, call: (status) => stage.revert({ ...volume, status }, snapshot) };
  },
  manageExisting: async (stage) => {
    const volume = await stage.volume();
    await stage.driver.unmanage(stage.context(), volume);
    const reference = await referenceOf(stage, volume);
    const managed = makeVolume({ sizeBytes: stage.size });
    return {
      call: (status) => stage.driver.manageExisting(stage.context(), { ...managed, status }, reference),
    };
  },
  unmanage: onVolume((stage, volume) => stage.driver.unmanage(stage.context(), volume)),
  manageExistingSnapshot: async (stage) => {
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    await stage.driver.unmanageSnapshot(stage.context(), snapshot);
    const { reference } = await manageableEntry(stage, snapshot);
    const managed = makeSnapshot(volume);
    return {
      volume,
      call: (status) =>
        stage.driver.manageExistingSnapshot(
          stage.context(),
          { ...managed, volume: { ...volume, status } },
          reference,
        ),
    };
  },
  unmanageSnapshot: async (stage) => {
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    return {
      volume,
      call: (status) =>
        stage.driver.unmanageSnapshot(stage.context(), { ...snapshot, volume: { ...volume, status } }),
    };
  },
  retypeVolume: onVolume((stage, volume) => stage.driver.retypeVolume(stage.context(), volume, volume.type)),
  cloneImage: async (stage) => {
    const image = await imageOf(stage, await stage.snapshot(await stage.volume()));
    const made = makeVolume({ sizeBytes: stage.size });
    return { call: (status) => stage.driver.cloneImage(stage.context(), { ...made, status }, image) };
  },
  openBackup: onVolume(async (stage, volume) => {
    const device = await stage.driver.openBackup(stage.context(), volume, backupPoint(1));
    await device.close();
  }),
  ensureExport: async (stage) => {
    const volume = await stage.volume();
    await stage.driver.initializeConnection(stage.context(), volume, connectorOf(stage));
    return { volume, call: (status) => stage.driver.ensureExport(stage.context(), { ...volume, status }) };
  },
  initializeConnection: onVolume((stage, volume) =>
    stage.driver.initializeConnection(stage.context(), volume, connectorOf(stage)),
  ),
  openForReading: opening('read-only'),
  openForWriting: opening('read-write'),
};

/** Calls a method in a state that allows it; a volume in use is used, where the harness can. */
async function callAllowed(stage: Stage, { volume, call }: ReadyCall, status: VolumeStatus): Promise<void> {
  const { storage } = stage;
  if (status !== 'in-use' || volume === undefined || storage.attachGuest === undefined) {
    await call(status);
    return;
  }
  const connection = await stage.driver.initializeConnection(stage.context(), volume, connectorOf(stage));
  const detach = await storage.attachGuest(volume, connection);
  try {
    await call(status);
  } finally {
    await detach();
  }
}

async function followsTheRule(harness: ConformanceHarness, method: RuledMethod): Promise<void> {
  const allowed = allowedStates(method, harness.plugin.capabilities);
  const refused = VOLUME_STATUSES.filter((status) => !allowed.includes(status));
  await withStage(harness, async (stage) => {
    const { call } = await CALLS[method](stage);
    const before = await stage.leftovers();
    for (const status of refused) {
      await assertRefused(`${method} while the volume is ${status}`, 'invalid-state', () => call(status));
    }
    assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after refused calls');
  });
  for (const status of allowed) {
    await withStage(harness, async (stage) => {
      const ready = await CALLS[method](stage);
      await within(`${method} while the volume is ${status}`, () => callAllowed(stage, ready, status));
    });
  }
}

export const stateCases = (Object.keys(METHOD_RULES) as RuledMethod[]).map((method): ConformanceCase => ({
  name: `states: ${method} is allowed in its states, and refused in all others`,
  needs: methodNeeds(method === 'cloneSource' ? 'createClonedVolume' : method),
  run: (harness) => followsTheRule(harness, method),
}));
