import type { BlockDevice, DeviceMode, Extent, Snapshot, Volume } from '@scoria/core';
import { SECTOR_BYTES } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot } from '../../builders.js';
import { collect, targetOf, withDevice } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

async function use<T>(
  stage: Stage,
  object: Volume | Snapshot,
  mode: DeviceMode,
  body: (device: BlockDevice) => Promise<T>,
): Promise<T> {
  return withDevice(stage.driver, stage.context(), object, mode, body);
}

/** Ranges that meet sectors, clusters and the ends in every way: offset, length. */
function awkwardRanges(size: number): readonly (readonly [number, number])[] {
  return [
    [0, 1],
    [1, SECTOR_BYTES],
    [SECTOR_BYTES - 1, 2],
    [4095, 4098],
    [65535, 2],
    [65536 - 3, 65536 + 7],
    [size / 2 - 1, size / 4 + 2],
    [size - 1, 1],
    [size - SECTOR_BYTES - 1, SECTOR_BYTES + 1],
    [size, 0],
  ];
}

async function unaligned(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const expected = Buffer.alloc(stage.size);
  await use(stage, volume, 'read-write', async (device) => {
    for (const [index, [offset, length]] of awkwardRanges(stage.size).entries()) {
      const data = patternBytes(index, length);
      await device.write(offset, data);
      data.copy(expected, offset);
      const what = `${String(length)} bytes at ${String(offset)} through the device they were written to`;
      assertBytes(await device.read(offset, length), data, what);
    }
  });
  assertBytes(await stage.read(volume), expected, 'a volume written to at awkward places');
  await use(stage, volume, 'read-only', async (device) => {
    for (const [offset, length] of awkwardRanges(stage.size)) {
      const part = expected.subarray(offset, offset + length);
      assertBytes(await device.read(offset, length), part, `${String(length)} bytes at ${String(offset)}`);
      const into = Buffer.alloc(length, 0xff);
      await device.read(offset, length, into);
      assertBytes(
        into,
        part,
        `${String(length)} bytes at ${String(offset)}, read into memory of the caller's`,
      );
    }
  });
}

async function zeroing(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const expected = patternBytes(1, stage.size);
  await stage.write(volume, 0, expected);
  const snapshot = await stage.snapshot(volume);
  const before = Buffer.from(expected);
  await use(stage, volume, 'read-write', async (device) => {
    for (const [offset, length] of awkwardRanges(stage.size)) {
      await device.zero(offset, length);
      expected.fill(0, offset, offset + length);
    }
    assertBytes(await device.read(0, stage.size), expected, 'a device after zeroing');
  });
  assertBytes(await stage.read(volume), expected, 'a volume after zeroing');
  assertBytes(await stage.read(snapshot), before, 'a snapshot of a volume that was zeroed');
}

/** Asserts that extents cover a device in order, differ from their neighbours, and are zeroes where they say so. */
async function assertExtents(device: BlockDevice, what: string): Promise<void> {
  const extents = await collect(device.extents());
  let offset = 0;
  let previous: string | undefined;
  for (const extent of extents) {
    const where = `${what}, the extent at ${String(extent.offset)}`;
    assert.equal(extent.offset, offset, `${where} begins where the one before it ends`);
    assert.ok(extent.length > 0, `${where} is not empty`);
    assert.notEqual(extent.kind, previous, `${where} is of another kind than its neighbour`);
    if (extent.kind === 'zero') {
      const bytes = await device.read(offset, extent.length);
      assertBytes(bytes, Buffer.alloc(extent.length), `${where} says zero`);
    }
    offset += extent.length;
    previous = extent.kind;
  }
  assert.equal(offset, device.sizeBytes, `${what}: the extents end where the device ends`);
}

async function extentsCover(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await use(stage, volume, 'read-only', (device) => assertExtents(device, 'a new volume'));
  await stage.write(volume, stage.size / 4 + 100, patternBytes(1, stage.size / 8));
  await use(stage, volume, 'read-only', (device) => assertExtents(device, 'a volume with data'));
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, stage.size - 1000, patternBytes(2, 1000));
  await use(stage, volume, 'read-write', (device) => device.zero(stage.size / 4, stage.size / 16));
  await use(stage, volume, 'read-only', (device) => assertExtents(device, 'a volume with a snapshot'));
  await use(stage, snapshot, 'read-only', (device) => assertExtents(device, 'a snapshot'));
  const larger = await stage.extend(volume, 2 * stage.size);
  await use(stage, larger, 'read-only', (device) => assertExtents(device, 'an extended volume'));
}

async function outOfRange(stage: Stage): Promise<void> {
  const { size } = stage;
  const volume = await stage.volume();
  const ranges: readonly (readonly [number, number])[] = [
    [-1, 1],
    [0, -1],
    [size, 1],
    [size - 1, 2],
    [0, size + 1],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [2 ** 53, 1],
  ];
  await use(stage, volume, 'read-write', async (device) => {
    for (const [offset, length] of ranges) {
      const what = `${String(length)} bytes at ${String(offset)} of ${String(size)}`;
      await assertRefused(`reading ${what}`, 'invalid-input', () => device.read(offset, length));
      await assertRefused(`zeroing ${what}`, 'invalid-input', () => device.zero(offset, length));
      if (!Number.isInteger(length) || length < 0) continue;
      const data = Buffer.alloc(length, 1);
      await assertRefused(`writing ${what}`, 'invalid-input', () => device.write(offset, data));
    }
  });
  assertBytes(await stage.read(volume), Buffer.alloc(size), 'a volume after writes that were refused');
}

async function readOnly(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  for (const object of [volume, snapshot]) {
    await use(stage, object, 'read-only', async (device) => {
      assert.equal(device.mode, 'read-only', 'the mode of a device');
      await assertNotWritable(device);
    });
    assertBytes(await stage.read(object), data, 'what was opened for reading only');
  }
  await assertRefused('opening a snapshot for writing', 'invalid-input', () =>
    stage.driver.openDevice(stage.context(), targetOf(snapshot), 'read-write'),
  );
}

async function assertNotWritable(device: BlockDevice): Promise<void> {
  const codes = ['invalid-state', 'invalid-input', 'not-supported'] as const;
  await assertRefused('writing to a read-only device', codes, () => device.write(0, Buffer.alloc(512, 1)));
  await assertRefused('zeroing a read-only device', codes, () => device.zero(0, 512));
}

async function closed(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const device = await stage.driver.openDevice(stage.context(), targetOf(volume), 'read-write');
  await device.close();
  await device.close();
  await device[Symbol.asyncDispose]();
  const calls: Record<string, () => Promise<unknown>> = {
    read: () => device.read(0, 512),
    write: () => device.write(0, Buffer.alloc(512)),
    zero: () => device.zero(0, 512),
    flush: () => device.flush(),
    extents: () => collect(device.extents()),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assertRefused(`${name} on a closed device`, 'invalid-state', call);
  }
}

async function manyAtOnce(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const pieces = 32;
  const length = stage.size / pieces;
  const expected = patternBytes(1, stage.size);
  const offsets = Array.from({ length: pieces }, (_, index) => index * length);
  await use(stage, volume, 'read-write', async (device) => {
    await Promise.all(
      offsets.map((offset) => device.write(offset, expected.subarray(offset, offset + length))),
    );
    const parts = await Promise.all(offsets.map((offset) => device.read(offset, length)));
    assertBytes(Buffer.concat(parts), expected, 'a device read by many calls at once');
  });
  assertBytes(await stage.read(volume), expected, 'a volume written by many calls at once');
}

/** Asserts that `extents`, in order and apart, cover every byte in which `a` and `b` differ. */
function assertCovers(extents: readonly Extent[], a: Buffer, b: Buffer, what: string): void {
  let end = 0;
  for (const { offset, length } of extents) {
    assert.ok(offset >= end && length > 0, `${what}: extents are in order and apart`);
    assertBytes(a.subarray(end, offset), b.subarray(end, offset), `${what}: before ${String(offset)}`);
    end = offset + length;
  }
  assert.ok(end <= a.length, `${what}: extents end within the device`);
  assertBytes(a.subarray(end), b.subarray(end), `${what}: after the last extent`);
}

async function changes(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshots: Snapshot[] = [];
  const moments: Buffer[] = [];
  for (const seed of [1, 2, 3]) {
    await stage.write(volume, (stage.size / 4) * (seed % 3) + 100, patternBytes(seed, stage.size / 8));
    snapshots.push(await stage.snapshot(volume));
    moments.push(await stage.read(volume));
  }
  await use(stage, volume, 'read-write', (device) => device.zero(stage.size / 4, stage.size / 8));
  for (const [index, object] of [...snapshots, volume].entries()) {
    const data = await stage.read(object);
    await use(stage, object, 'read-only', async (device) => {
      for (const [older, since] of snapshots.slice(0, index).entries()) {
        const extents = await collect(device.changedExtents(since.id));
        assertCovers(
          extents,
          data,
          moments[older] ?? Buffer.alloc(0),
          `${String(index)} since ${String(older)}`,
        );
      }
      await assertRefused('changes since a snapshot that never was', 'snapshot-not-found', () =>
        collect(device.changedExtents(makeSnapshot(volume).id)),
      );
    });
  }
}

async function changesAcrossDeletes(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await stage.write(volume, 0, patternBytes(1, stage.size / 2));
  const oldest = await stage.snapshot(volume);
  await stage.write(volume, 100, patternBytes(2, 3000));
  const middle = await stage.snapshot(volume);
  await stage.write(volume, stage.size / 2, patternBytes(3, 5000));
  const moment = await stage.read(oldest);
  await stage.deleteSnapshot(middle);
  await use(stage, volume, 'read-only', async (device) => {
    const extents = await collect(device.changedExtents(oldest.id));
    assertCovers(
      extents,
      await device.read(0, stage.size),
      moment,
      'changes after a snapshot between was deleted',
    );
  });
}

async function trims(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await stage.write(volume, 0, patternBytes(1, stage.size));
  const used = await stage.storage.usedBytes?.();
  await use(stage, volume, 'read-write', (device) => device.zero(0, stage.size));
  if (used !== undefined && stage.storage.usedBytes !== undefined) {
    const now = await stage.storage.usedBytes();
    assert.ok(
      now <= used - stage.size / 2,
      `zero gives room back: ${String(used)} were used, now ${String(now)}`,
    );
    return;
  }
  const extents = await use(stage, volume, 'read-only', (device) => collect(device.extents()));
  const zeroes = extents.filter(({ kind }) => kind === 'zero').reduce((sum, { length }) => sum + length, 0);
  assert.ok(
    zeroes >= stage.size / 2,
    `zero gives room back: only ${String(zeroes)} bytes are a gap afterwards`,
  );
}

export const deviceCases = [
  stageCase('openDevice: reads and writes at any offset and length', unaligned),
  stageCase('openDevice: zero makes zeroes, of exactly the range', zeroing),
  stageCase('openDevice: many reads and writes at once', manyAtOnce),
  stageCase('openDevice: extents cover the device, and zero means zero', extentsCover),
  stageCase('openDevice: a range beyond the end is invalid-input', outOfRange),
  stageCase('openDevice: a read-only device is not written to', readOnly),
  stageCase('openDevice: a closed device answers nothing, and closes twice', closed),
  stageCase('changedExtents: never too little', changes, ['changedBlocks']),
  stageCase('changedExtents: never too little after a snapshot between is deleted', changesAcrossDeletes, [
    'changedBlocks',
  ]),
  stageCase('trim: zero gives room back', trims, ['trim']),
];
