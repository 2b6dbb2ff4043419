import type { Snapshot, Volume } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { targetOf } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, describeError } from '../checks.js';
import type { Stage } from '../stage.js';
import { holdAtStep } from '../step-control.js';

/** One life of a volume, with its data checked all the way. */
async function life(stage: Stage, seed: number): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(seed, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, 0, patternBytes(seed + 100, stage.size / 2));
  const copy = await stage.volumeOf(snapshot, { sizeBytes: 2 * stage.size });
  assertBytes(await stage.read(snapshot), data, `snapshot of volume ${String(seed)}`);
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(copy), expected, `copy of volume ${String(seed)}`);
  await stage.deleteVolume(copy);
  await stage.deleteSnapshot(snapshot);
  patternBytes(seed + 100, stage.size / 2).copy(data);
  assertBytes(await stage.read(volume), data, `volume ${String(seed)}`);
  await stage.deleteVolume(volume);
}

async function manyVolumes(stage: Stage): Promise<void> {
  const lives = Array.from({ length: 8 }, (_, seed) => life(stage, seed));
  await Promise.all(lives);
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after eight lives at once');
}

async function sameIdAtOnce(stage: Stage): Promise<void> {
  const volume = makeVolume({ sizeBytes: stage.size });
  const create = (): Promise<Volume> => stage.volume({ id: volume.id });
  const made = await theOneThatWins('creating one volume four times at once', [
    create(),
    create(),
    create(),
    create(),
  ]);
  const snapshot = await stage.snapshot(made);
  const { id } = makeSnapshot(made);
  const take = (): Promise<Snapshot> => stage.snapshot(made, { id });
  await theOneThatWins('taking one snapshot three times at once', [take(), take(), take()]);
  assertBytes(await stage.read(snapshot), Buffer.alloc(stage.size), 'another snapshot');
}

async function theOneThatWins<T>(what: string, calls: readonly Promise<T>[]): Promise<T> {
  const results = await Promise.allSettled(calls);
  const errors = results
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => reason as unknown);
  const [winner, ...more] = results.filter((result) => result.status === 'fulfilled');
  assert.ok(winner !== undefined && more.length === 0, `${what}: one succeeds`);
  const other = errors.find((error) => !isDriverError(error, 'already-exists'));
  assert.ok(other === undefined, `${what}: the others are already-exists, not ${describeError(other)}`);
  return winner.value;
}

async function deletesAtOnce(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshots: Snapshot[] = [];
  for (let index = 0; index < 4; index += 1) snapshots.push(await stage.snapshot(volume));
  const [kept, ...doomed] = snapshots;
  await Promise.all([...doomed, ...doomed].map((snapshot) => stage.deleteSnapshot(snapshot)));
  assert.ok(kept);
  assertBytes(await stage.read(kept), data, 'the snapshot that was not deleted');
  assertBytes(await stage.read(volume), data, 'a volume whose snapshots were deleted at once');
  await stage.deleteSnapshot(kept);
  await Promise.all([volume, volume, volume].map((each) => stage.deleteVolume(each)));
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

async function mixedOnOne(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const old = await stage.snapshot(volume);
  const doomed = await stage.snapshot(volume);
  const [taken, copy, , , , other] = await Promise.all([
    stage.snapshot(volume),
    stage.volumeOf(old),
    stage.extend(volume, 2 * stage.size),
    stage.read(volume),
    stage.deleteSnapshot(doomed),
    stage.snapshot(volume),
  ]);
  const larger = { ...volume, sizeBytes: 2 * stage.size };
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(larger), expected, 'a volume that six operations worked on');
  assertBytes(await stage.read(copy), data, 'a copy made meanwhile');
  assertBytes(await stage.read({ ...old, volume: larger }), data, 'a snapshot taken before');
  for (const snapshot of [taken, other]) {
    // Taken before the volume grew or after it: both are a moment within the call.
    const bytes = await stage.read({ ...snapshot, volume: larger });
    assertBytes(bytes, expected.subarray(0, bytes.length), 'a snapshot taken meanwhile');
    assert.ok([data.length, expected.length].includes(bytes.length), 'its size is the old or the new one');
  }
}

async function growthsAtOnce(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const results = await Promise.allSettled(
    [2, 4, 3].map((times) => stage.extend(volume, times * stage.size)),
  );
  for (const result of results) {
    if (result.status === 'fulfilled' || isDriverError(result.reason, 'invalid-input')) continue;
    assert.fail(`extending at once is a success or invalid-input, not ${describeError(result.reason)}`);
  }
  const bytes = await stage.read({ ...volume, sizeBytes: 4 * stage.size });
  assertBytes(bytes, Buffer.alloc(4 * stage.size), 'a volume extended to 2, 4 and 3 times its size at once');
}

async function copyAndDelete(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  const [copied, deleted] = await Promise.allSettled([
    stage.volumeOf(snapshot),
    stage.deleteSnapshot(snapshot),
  ]);
  if (copied.status === 'fulfilled') assertBytes(await stage.read(copied.value), data, 'the copy');
  else assert.ok(isDriverError(copied.reason, 'snapshot-not-found'), describeError(copied.reason));
  if (deleted.status === 'rejected') {
    assert.ok(isDriverError(deleted.reason, 'snapshot-busy'), describeError(deleted.reason));
  }
  assertBytes(await stage.read(volume), data, 'the volume');
  if (copied.status === 'fulfilled') await stage.deleteVolume(copied.value);
  await stage.deleteSnapshot(snapshot);
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

/** As long as an operation takes, as a rule, that has nothing to wait for. */
const SETTLE_MS = 250;
/** As long as one may take to end that is cancelled, on a machine that is busy with something else. */
const CANCEL_MS = 15_000;

/** What `work` comes to; `undefined` where that takes longer. */
async function settledWithin<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function openDeviceHolds(stage: Stage, which: 'volume' | 'older' | 'newer'): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const [older, newer] = [await stage.snapshot(volume), await stage.snapshot(volume)];
  const target = targetOf({ volume, older, newer }[which]);
  const device = await stage.driver.openDevice(stage.context(), target, 'read-only');
  const ends = Promise.allSettled([older, newer].map((snapshot) => stage.deleteSnapshot(snapshot)));
  await settledWithin(SETTLE_MS, ends);
  assertBytes(await device.read(0, stage.size), data, `the open ${which} while snapshots are deleted`);
  await device.close();
  for (const end of await ends) {
    if (end.status === 'fulfilled' || isDriverError(end.reason, 'snapshot-busy', 'volume-busy')) continue;
    assert.fail(`what is open makes others wait, or be refused as busy; not ${describeError(end.reason)}`);
  }
  assertBytes(await stage.read(volume), data, 'the volume afterwards');
}

async function openDevicesHold(stage: Stage): Promise<void> {
  for (const which of ['volume', 'older', 'newer'] as const) await openDeviceHolds(stage, which);
}

async function cancelledWait(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  const first = await holdAtStep(stage, (context) => stage.driver.deleteSnapshot(context, snapshot), 1);
  const controller = new AbortController();
  const second = stage.driver.extendVolume(
    stage.context({ signal: controller.signal }),
    volume,
    2 * stage.size,
  );
  const end = Promise.allSettled([second]);
  await settledWithin(SETTLE_MS / 5, end);
  controller.abort(new Error('cancelled by the suite'));
  const result = await settledWithin(CANCEL_MS, end);
  first.release();
  assert.equal((await first.end).kind, 'resolved', 'the operation that was waited for');
  assert.ok(result, 'an operation that waits for another ends when it is cancelled');
  const [waited] = result;
  const isFine = waited.status === 'fulfilled' || isDriverError(waited.reason, 'cancelled');
  assert.ok(isFine, `cancelled while it waits, an operation ends with cancelled: ${JSON.stringify(waited)}`);
}

export const concurrencyCases = [
  stageCase('concurrency: many volumes live side by side', manyVolumes),
  stageCase('concurrency: of several that make one id, one wins', sameIdAtOnce),
  stageCase('concurrency: snapshots and volumes are deleted at once', deletesAtOnce),
  stageCase('concurrency: six operations on one volume', mixedOnOne),
  stageCase('concurrency: extended to several sizes at once, the largest is left', growthsAtOnce),
  stageCase('concurrency: a copy and the delete of its source', copyAndDelete),
  stageCase('concurrency: what is open holds its data', openDevicesHold),
  stageCase('cancel: an operation that waits for another', cancelledWait),
];
