import type { Volume, VolumeType } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused, within } from '../checks.js';
import type { Stage } from '../stage.js';
import { connectorOf } from './connecting.js';

const PLAIN: VolumeType = { name: 'plain', extraSpecs: {}, qosSpecs: {} };
const SHARED: VolumeType = { name: 'shared', extraSpecs: { multiattach: '<is> True' }, qosSpecs: {} };

/** One that asks for nothing, and those of the harness. */
export function typesOf(stage: Stage): readonly VolumeType[] {
  return [PLAIN, ...(stage.harness.types ?? [])];
}

async function retype(stage: Stage, volume: Volume, to: VolumeType | undefined): Promise<Volume> {
  const { type: _type, ...before } = volume;
  const update = await stage.driver.retypeVolume(stage.context(), { ...volume, status: 'retyping' }, to);
  return { ...applyUpdate(before, update), ...(to === undefined ? {} : { type: to }) };
}

/** Every type to the next, and back to none. */
function waysOf(stage: Stage): readonly (VolumeType | undefined)[] {
  const types = typesOf(stage);
  return [...types, ...[...types].reverse(), undefined];
}

async function keepsData(stage: Stage): Promise<void> {
  const before = await stage.leftovers();
  let volume = await stage.volume();
  const moment = patternBytes(1, stage.size);
  await stage.write(volume, 0, moment);
  const snapshot = await stage.snapshot(volume);
  const data = patternBytes(2, stage.size);
  await stage.write(volume, 0, data);
  const names = await stage.leftovers();
  for (const to of waysOf(stage)) {
    await within(`as ${to?.name ?? 'none'}`, async () => {
      volume = await retype(stage, volume, to);
      volume = await retype(stage, volume, to);
      assertBytes(await stage.read(volume), data, 'a volume that got another type');
      assertBytes(await stage.read(snapshot), moment, 'a snapshot of a volume that got another type');
      assert.deepEqual(await stage.leftovers(), names, 'what is on the storage after another type');
    });
  }
  await stage.deleteSnapshot({ ...snapshot, volume });
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after all was deleted');
}

async function goesOn(stage: Stage): Promise<void> {
  for (const type of typesOf(stage)) {
    await within(`a volume made as ${type.name}`, async () => {
      const made = await stage.volume({ type });
      assertBytes(await stage.read(made), Buffer.alloc(stage.size), 'a new volume');
      const data = patternBytes(3, stage.size);
      await stage.write(made, 0, data);
      const plain = await retype(stage, made, PLAIN);
      const larger = await stage.extend(plain, 2 * stage.size);
      const snapshot = await stage.snapshot(larger);
      const copy = await stage.volumeOf(snapshot, { type });
      const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
      assertBytes(await stage.read(copy), expected, 'a volume of its snapshot');
      await stage.deleteVolume(copy);
      await stage.deleteSnapshot(snapshot);
      await stage.deleteVolume(larger);
    });
  }
}

async function missing(stage: Stage): Promise<void> {
  const never = makeVolume({ sizeBytes: stage.size });
  const before = await stage.leftovers();
  await assertRefused('giving a type to a volume that never was', 'volume-not-found', () =>
    retype(stage, never, PLAIN),
  );
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage afterwards');
}

async function twoGuests(stage: Stage): Promise<void> {
  const { driver, storage } = stage;
  const volume = await stage.volume({ type: SHARED });
  const inUse = { ...volume, status: 'in-use' } as const;
  const first = await driver.initializeConnection(stage.context(), volume, connectorOf(stage));
  const alone = await stage.leftovers();
  const leaves = [await storage.attachGuest?.(volume, first)];
  const second = await driver.initializeConnection(stage.context(), inUse, connectorOf(stage, 'host-2'));
  leaves.push(await storage.attachGuest?.(volume, second));
  await leaves[1]?.();
  await driver.terminateConnection(stage.context(), inUse, connectorOf(stage, 'host-2'));
  assert.deepEqual(await stage.leftovers(), alone, 'what is on the storage after one of two guests went');
  const again = await driver.initializeConnection(stage.context(), inUse, connectorOf(stage));
  assert.deepEqual(again, first, 'connection info of the guest that stayed');
  await leaves[0]?.();
  await driver.terminateConnection(stage.context(), inUse, connectorOf(stage));
  await stage.deleteVolume(volume);
}

export const typeCases = [
  stageCase('retypeVolume: data, snapshots and names are as before; twice is fine', keepsData, ['retype']),
  stageCase('retypeVolume: the volume goes on as any other', goesOn, ['retype']),
  stageCase('retypeVolume: a missing volume is volume-not-found', missing, ['retype']),
  stageCase('multiattach: two guests have a volume at once, and one stays when the other goes', twoGuests, [
    'multiattach',
  ]),
];
