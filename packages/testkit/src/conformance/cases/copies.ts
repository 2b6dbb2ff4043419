import type { Snapshot, Volume } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { patternBytes } from '../../pattern-bytes.js';
import type { ConformanceCase } from '../case.js';
import { stageCase } from '../case.js';
import { assertBytes, assertHeldBy, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

/** The two ways to make a volume of another; the suite asks the same of both. */
interface CopyKind {
  readonly method: 'createClonedVolume' | 'createVolumeFromSnapshot';
  /** What is copied, of a volume. */
  source(stage: Stage, volume: Volume): Promise<Volume | Snapshot>;
  /** A source that is not there. */
  missing(stage: Stage): Promise<Volume | Snapshot>;
  readonly missingCode: 'volume-not-found' | 'snapshot-not-found';
}

const CLONE: CopyKind = {
  method: 'createClonedVolume',
  source: async (_stage, volume) => Promise.resolve(volume),
  missing: async (stage) =>
    Promise.resolve({ ...makeVolume({ sizeBytes: stage.size }), status: 'available' as const }),
  missingCode: 'volume-not-found',
};

const FROM_SNAPSHOT: CopyKind = {
  method: 'createVolumeFromSnapshot',
  source: (stage, volume) => stage.snapshot(volume),
  missing: async (stage) => makeSnapshot(await stage.volume()),
  missingCode: 'snapshot-not-found',
};

async function copyOf(
  stage: Stage,
  source: Volume | Snapshot,
  overrides: Partial<Volume> = {},
): Promise<Volume> {
  return 'volume' in source ? stage.volumeOf(source, overrides) : stage.clone(source, overrides);
}

interface Original {
  readonly volume: Volume;
  readonly source: Volume | Snapshot;
  readonly data: Buffer;
}

/** A volume with a little history, so that its data is in more than one layer. */
async function original(stage: Stage, kind: CopyKind): Promise<Original> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  const older = await stage.snapshot(volume);
  patternBytes(2, stage.size / 4).copy(data, stage.size / 2);
  await stage.write(volume, 0, data);
  await stage.deleteSnapshot(older);
  return { volume, data, source: await kind.source(stage, volume) };
}

async function sameBytes(stage: Stage, kind: CopyKind): Promise<void> {
  const { source, data } = await original(stage, kind);
  assertBytes(await stage.read(await copyOf(stage, source)), data, 'a copy');
}

async function largerCopies(stage: Stage, kind: CopyKind): Promise<void> {
  const { source, data } = await original(stage, kind);
  const sizeBytes = 3 * stage.size;
  const copy = await copyOf(stage, source, { sizeBytes });
  const bytes = await stage.read(copy);
  assert.equal(bytes.length, sizeBytes, 'the bytes of a copy that was asked for larger than its source');
  const expected = Buffer.concat([data, Buffer.alloc(2 * stage.size)]);
  assertBytes(bytes, expected, 'a copy larger than its source: the data, then zeroes');
  const tail = patternBytes(3, stage.size);
  await stage.write(copy, 2 * stage.size, tail);
  tail.copy(expected, 2 * stage.size);
  assertBytes(await stage.read(copy), expected, 'a copy larger than its source, written to its end');
}

async function independence(stage: Stage, kind: CopyKind): Promise<void> {
  const { volume, source, data } = await original(stage, kind);
  const copy = await copyOf(stage, source);
  const mine = patternBytes(4, stage.size);
  await stage.write(copy, 0, mine);
  assertBytes(await stage.read(source), data, 'the source of a copy that was written to');
  await stage.write(volume, 0, patternBytes(5, stage.size));
  assertBytes(await stage.read(copy), mine, 'a copy whose source was written to');
  const snapshot = await stage.snapshot(copy);
  const larger = await stage.extend(copy, 2 * stage.size);
  await stage.deleteSnapshot({ ...snapshot, volume: larger });
  assertBytes(
    await stage.read(larger),
    Buffer.concat([mine, Buffer.alloc(stage.size)]),
    'a copy that was snapshotted and extended',
  );
}

/** Deletes `object`; a driver whose copies depend on it may say that `holder` holds it. True if it is gone. */
async function deleteUnlessHeld(stage: Stage, object: Volume | Snapshot, holder: Volume): Promise<boolean> {
  try {
    if ('volume' in object) await stage.deleteSnapshot(object);
    else await stage.deleteVolume(object);
    return true;
  } catch (error) {
    if (!isDriverError(error, 'volume-busy', 'snapshot-busy')) throw error;
    assertHeldBy(error, holder.id);
    return false;
  }
}

async function sourcesCanGo(stage: Stage, kind: CopyKind): Promise<void> {
  const before = await stage.leftovers();
  const { volume, source, data } = await original(stage, kind);
  const copy = await copyOf(stage, source);
  const isGone = await deleteUnlessHeld(stage, source, copy);
  if (isGone && source !== volume) await deleteUnlessHeld(stage, volume, copy);
  assertBytes(await stage.read(copy), data, 'a copy whose source was deleted, or tried to be');
  await stage.deleteVolume(copy);
  if (source !== volume) await stage.deleteSnapshot(source as Snapshot);
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after all was deleted');
}

async function smallerCopies(stage: Stage, kind: CopyKind): Promise<void> {
  const { source } = await original(stage, kind);
  const before = await stage.leftovers();
  await assertRefused('making a copy smaller than its source', 'invalid-input', () =>
    copyOf(stage, source, { sizeBytes: stage.size / 2 }),
  );
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after a refused copy');
}

async function missingSources(stage: Stage, kind: CopyKind): Promise<void> {
  const source = await kind.missing(stage);
  const before = await stage.leftovers();
  const id = makeVolume().id;
  await assertRefused('copying what never was', kind.missingCode, () => copyOf(stage, source, { id }));
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after a refused copy');
  await stage.volume({ id });
}

async function takenIds(stage: Stage, kind: CopyKind): Promise<void> {
  const { volume, source, data } = await original(stage, kind);
  const other = await stage.volume();
  const mine = patternBytes(6, stage.size);
  await stage.write(other, 0, mine);
  const before = await stage.leftovers();
  await assertRefused('making a copy whose id is taken', 'already-exists', () =>
    copyOf(stage, source, { id: other.id }),
  );
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after a refused copy');
  assertBytes(await stage.read(other), mine, 'the volume that was there');
  assertBytes(await stage.read(volume), data, 'the source');
}

/** Copies leave nothing on their source: it can be deleted as if there had been none. */
async function sourcesStayClean(stage: Stage, kind: CopyKind): Promise<void> {
  const { source } = await original(stage, kind);
  const before = await stage.leftovers();
  const copy = await copyOf(stage, source);
  await stage.deleteVolume(copy);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after a copy came and went');
}

function casesOf(kind: CopyKind): ConformanceCase[] {
  const needs = kind === CLONE ? (['clone'] as const) : [];
  const on = (what: string, body: (stage: Stage, kind: CopyKind) => Promise<void>): ConformanceCase =>
    stageCase(`${kind.method}: ${what}`, (stage) => body(stage, kind), needs);
  return [
    on('has the data of its source', sameBytes),
    on('a larger one has its size, and reads as zeroes beyond its source', largerCopies),
    on('neither side sees what is written to the other', independence),
    on('the source can be deleted, or says what holds it', sourcesCanGo),
    on('nothing stays on the source', sourcesStayClean),
    on('a smaller one is invalid-input', smallerCopies),
    on(`a missing source is ${kind.missingCode}, and nothing is left`, missingSources),
    on('an id that is taken is already-exists, and nothing is changed', takenIds),
  ];
}

export const copyCases = [...casesOf(FROM_SNAPSHOT), ...casesOf(CLONE)];
