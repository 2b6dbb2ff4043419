import { type DriverError, isDriverError, MIB, type Snapshot, type Volume } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterBackend } from './gluster-backend.js';

const SIZE = 16 * MIB;
const WRITTEN = 2 * MIB;
const PATIENCE_MS = 30_000;

let server: GlusterServer;
beforeAll(async () => {
  server = await GlusterServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A share that is to run out of room, and how it gets some again. */
interface Shortage {
  readonly name: string;
  begin(backend: GlusterBackend): Promise<void>;
  end(backend: GlusterBackend): Promise<void>;
}

const FULL: Shortage = {
  name: 'full',
  begin: async (backend) => {
    const ballast = path.join(backend.mountPoint(shareOf('full')), 'ballast');
    for (const bytes of [MIB, 4096]) {
      for (let full = false; !full;) {
        full = await writeFile(ballast, Buffer.alloc(bytes, 1), { flag: 'a' }).then(
          () => false,
          () => true,
        );
      }
    }
  },
  end: async (backend) => rm(path.join(backend.mountPoint(shareOf('full')), 'ballast')),
};

const QUOTA: Shortage = {
  name: 'quota',
  begin: async (backend) => limitTo(backend, '1MB', -constants.errno.EDQUOT),
  end: async (backend) => limitTo(backend, '100MB', 0),
};

/** The servers hear of it one after the other: resolves when a file of more than 1 MB fares as it is to. */
async function limitTo(backend: GlusterBackend, limit: string, wanted: number): Promise<void> {
  await server.gluster('volume', 'quota', 'quota', 'limit-usage', '/', limit);
  const probe = path.join(backend.mountPoint(shareOf('quota')), 'probe');
  let found: number | undefined;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    found = await writeFile(probe, Buffer.alloc(2 * MIB, 1), { flush: true }).then(
      () => 0,
      (error: unknown) => (error as NodeJS.ErrnoException).errno,
    );
    await rm(probe, { force: true });
    if (found === wanted) return;
    await sleep(100);
  }
  throw new Error(`the servers do not hear of the quota of ${limit}: error number ${String(found)}`);
}

function shareOf(name: string): string {
  return `${server.address}:/${name}`;
}

/** What needs room, and the reason that is given where there is none. */
type Work = (backend: GlusterBackend, volume: Volume, snapshot: Snapshot) => Promise<unknown>;
const NEEDS_ROOM: readonly (readonly [string, Work])[] = [
  ['create', (backend) => backend.createVolume(SIZE)],
  ['clone', (backend, volume) => backend.clone(volume)],
  ['snapshot', (backend, volume) => backend.snapshot(volume)],
  ['merge', (backend, _volume, snapshot) => backend.deleteSnapshot(snapshot)],
];
const REASON =
  /the share is full|quota of the share is used up|no share has room|the share has \d+ left|disk quota exceeded/i;
const ADVICE = /free some|raise it|the largest volume that fits/;

/** On a busy machine a share may be too slow once, which says nothing of its room. */
async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  let error: unknown;
  for (let tries = 0; tries < 3; tries += 1) {
    error = await work().catch((reason: unknown) => reason);
    if (!isDriverError(error, 'unavailable')) break;
  }
  return error;
}

describe.each([FULL, QUOTA])('a share without room ($name)', (shortage) => {
  let backend: GlusterBackend;
  let volume: Volume;
  let snapshot: Snapshot;
  const [before, after] = [patternBytes(1, WRITTEN), patternBytes(2, WRITTEN)];

  beforeAll(async () => {
    const { name } = shortage;
    const share = await server.createVolume(name, { bytes: 32 * MIB });
    if (name === 'quota') {
      await server.gluster('volume', 'quota', name, 'enable');
      // The servers look at once, instead of every minute.
      for (const timeout of ['hard-timeout', 'soft-timeout'])
        await server.gluster('volume', 'quota', name, timeout, '0');
    }
    backend = await GlusterBackend.start(server, { shares: share });
    volume = await backend.createVolume(SIZE);
    await backend.write(volume, 0, before);
    snapshot = await backend.snapshot(volume);
    await backend.write(volume, 0, after);
    await shortage.begin(backend);
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  async function expectUnchanged(): Promise<void> {
    expect((await backend.read(volume)).subarray(0, WRITTEN).equals(after)).toBe(true);
    expect((await backend.read(snapshot)).subarray(0, WRITTEN).equals(before)).toBe(true);
  }

  const files = async (): Promise<string[]> => {
    const names = await readdir(backend.mountPoint(shareOf(shortage.name)));
    return names.filter((name) => !name.startsWith('.')).sort();
  };

  test.each(NEEDS_ROOM)('refuses a %s, says why, and changes nothing', async (_what, work) => {
    const there = await files();
    const error = await failureOf(() => work(backend, volume, snapshot));
    expect([(error as DriverError).code, (error as Error).message]).toEqual(['no-space', expect.any(String)]);
    expect((error as Error).message).toMatch(REASON);
    expect((error as Error).message).toMatch(ADVICE);
    expect(await files()).toEqual(there);
    await expectUnchanged();
  });

  test('tells whoever writes to a volume, and keeps what is written', async () => {
    const writes = backend.write(volume, 4 * MIB, patternBytes(3, 8 * MIB));
    await expect(writes).rejects.toMatchObject({
      code: 'no-space',
      message: expect.stringMatching(/no room is left .*: free some, or raise the quota/) as string,
    });
    await expectUnchanged();
  });

  test('has its volumes connected, and deleted to make room, and goes on where there is some', async () => {
    expect((await backend.connect(volume)).data).toMatchObject({ format: 'qcow2' });
    await shortage.end(backend);
    await backend.deleteSnapshot(snapshot);
    expect((await backend.read(volume)).subarray(0, WRITTEN).equals(after)).toBe(true);
    await shortage.begin(backend);
    await backend.deleteVolume(volume);
    await shortage.end(backend);
    expect(await files()).toEqual([]);
  });
});
