import { GIB, KIB } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import { WINDOWS } from './byte-model.js';
import type { Fill } from './byte-model.js';
import { CinderError } from './cinder-server.js';
import { InteropShare } from './interop-share.js';
import { Seeded } from '../support/seeded.js';
import { SharedVolume } from './shared-volume.js';
import { someOf } from '../support/some-of.js';

const TAIL = WINDOWS[1]!;

let share: InteropShare;
beforeAll(async () => {
  share = await InteropShare.start('qcow2');
});
afterAll(() => share[Symbol.asyncDispose]());

/** Distinct data before, between and after three snapshots, on the side that has the volume. */
async function takeThree(side: SharedVolume['cinder'] | SharedVolume['ours']): Promise<void> {
  for (const byte of [0x11, 0x22, 0x33]) {
    await side.write({ offset: byte * KIB, length: 70 * KIB, byte });
    await side.snapshot();
  }
  await side.write({ offset: 60 * KIB, length: 40 * KIB, byte: 0x44 });
}

type Work = (volume: SharedVolume) => Promise<void>;

const deletes =
  (index: number): Work =>
  async (volume) =>
    volume.ours.deleteSnapshot(volume.snapshotIds.at(index)!);

const OUR_WORK: Record<string, Work> = {
  'a new snapshot': (volume) => volume.ours.snapshot(),
  'the newest snapshot deleted': deletes(-1),
  'the middle snapshot deleted': deletes(1),
  'the oldest snapshot deleted': deletes(0),
  'all snapshots deleted': async (volume) => {
    while (volume.snapshots.size > 0) await volume.ours.deleteSnapshot(volume.snapshotIds[0]!);
  },
  'a revert': async (volume) => {
    await volume.ours.revert();
    await volume.ours.write({ offset: 8 * KIB, length: 4 * KIB, byte: 0x51 });
  },
  'an extension, and the newest snapshot deleted': async (volume) => {
    await volume.ours.extend(2 * GIB);
    await volume.ours.write({ ...TAIL, byte: 0x52 });
    await volume.ours.snapshot();
    await volume.ours.deleteSnapshot(volume.snapshotIds.at(-2)!);
  },
};

describe.each(['raw', 'qcow2'] as const)("Cinder's %s volume with three snapshots", (format) => {
  test.each(someOf(Object.keys(OUR_WORK), 0.34))(
    'is right for Cinder after %s, and for us after Cinder went on',
    async (name) => {
      const volume = new SharedVolume(share, format, GIB);
      await volume.cinder.create();
      await takeThree(volume.cinder);
      await volume.ours.adopt();
      await OUR_WORK[name]!(volume);
      await volume.ours.write({ offset: 0, length: 512, byte: 0x61 });
      await volume.expectOurs();
      await volume.cinder.adopt();
      await volume.expectCinder();

      const passing = randomUUID();
      await volume.cinder.snapshot(passing);
      await volume.cinder.write({ offset: 512, length: 64 * KIB, byte: 0x62 });
      await volume.cinder.deleteSnapshot(passing);
      await volume.cinder.deleteSnapshot(volume.snapshotIds[0] ?? (await newSnapshot(volume)));
      await volume.ours.adopt();
      await volume.expectOurs();
    },
  );
});

async function newSnapshot(volume: SharedVolume): Promise<string> {
  const id = randomUUID();
  await volume.cinder.snapshot(id);
  return id;
}

/** Moves that Cinder can make: it cannot revert, nor grow a volume that has snapshots. */
type Move = 'write' | 'snapshot' | 'delete' | 'revert' | 'extend';
const CINDER_MOVES: readonly [Move, ...Move[]] = ['write', 'write', 'snapshot', 'snapshot', 'delete'];
const OUR_MOVES: readonly [Move, ...Move[]] = [...CINDER_MOVES, 'delete', 'revert', 'extend'];

async function makeMove(volume: SharedVolume, side: 'cinder' | 'ours', seeded: Seeded): Promise<string> {
  const move = seeded.pick(side === 'ours' ? OUR_MOVES : CINDER_MOVES);
  const ids = volume.snapshotIds;
  if (move === 'snapshot' && ids.length < 5) await volume[side].snapshot();
  else if (move === 'delete' && ids.length > 0) {
    await volume[side].deleteSnapshot(ids[seeded.below(ids.length)]!);
  } else if (move === 'revert' && ids.length > 0) await volume.ours.revert();
  else if (move === 'extend' && volume.model.sizeBytes === GIB) await volume.ours.extend(2 * GIB);
  else await volume[side].write(randomFill(seeded, volume.model.sizeBytes));
  return `${side} ${move}`;
}

function randomFill(seeded: Seeded, sizeBytes: number): Fill {
  const window = seeded.pick([WINDOWS[0]!, ...WINDOWS]);
  const end = Math.min(window.offset + window.length, sizeBytes);
  const offset = window.offset + seeded.below((end - window.offset) / 512) * 512;
  const length = Math.min(end - offset, (1 + seeded.below(300)) * 512);
  return { offset, length, byte: 1 + seeded.below(255) };
}

test.each([
  [1, 'raw'],
  [2, 'qcow2'],
  [3, 'raw'],
] as const)('both sides take turns, seed %d, %s', async (seed, format) => {
  const seeded = new Seeded(seed);
  const volume = new SharedVolume(share, format, GIB);
  await volume.cinder.create();
  const moves: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    await volume.ours.adopt();
    for (let turn = 0; turn < 4; turn += 1) moves.push(await makeMove(volume, 'ours', seeded));
    await volume.cinder.adopt();
    for (let turn = 0; turn < 3; turn += 1) moves.push(await makeMove(volume, 'cinder', seeded));
    await volume.expectOurs();
    await volume.expectCinder();
  }
  expect(moves).toHaveLength(28);
});

describe('a volume that we made', () => {
  test.each(['raw', 'qcow2'] as const)('is taken by Cinder with its snapshots: %s', async (format) => {
    await using local = await share.another(format);
    const volume = new SharedVolume(share, format, GIB);
    volume.volume = await local.createVolume(GIB, volume.id);
    expect(volume.volume.providerMetadata).toEqual({ format });
    await volume.cinder.adopt();
    await volume.expectCinder();
    await takeThree(volume.ours);
    await volume.cinder.adopt();
    await volume.expectCinder();
    for (const index of [1, 0, 0]) {
      await volume.cinder.deleteSnapshot(volume.snapshotIds[index]!);
      await volume.expectOurs();
    }
    // Cinder leaves a record without snapshots, which means the same as none.
    expect(JSON.parse((await volume.cinder.info())!)).toEqual({ active: volume.file });
    await volume.cinder.snapshot();
    await volume.cinder.deleteSnapshot(volume.snapshotIds[0]!);
    await share.cinder.call('delete_volume', { id: volume.id });
    expect(Object.keys(await share.listing()).filter((name) => name.includes(volume.id))).toEqual([]);
    await expect(share.local.deleteVolume(volume.volume)).resolves.toBeUndefined();
  });

  test('is deleted by us where Cinder left a record without snapshots', async () => {
    const volume = new SharedVolume(share, 'qcow2', GIB);
    await volume.ours.create();
    await volume.cinder.adopt();
    await volume.cinder.snapshot();
    await volume.cinder.deleteSnapshot(volume.snapshotIds[0]!);
    await share.local.deleteVolume(volume.volume);
    expect(Object.keys(await share.listing()).filter((name) => name.includes(volume.id))).toEqual([]);
    const gone = share.cinder.call('initialize_connection', { id: volume.id });
    await expect(gone).rejects.toBeInstanceOf(CinderError);
  });
});
