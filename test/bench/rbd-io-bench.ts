import type { BlockDevice, DeviceMode, Volume } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RbdBackend } from '../rbd/rbd-backend.js';
import { CephCluster } from '../support/ceph-cluster.js';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

const run = promisify(execFile);

const CHUNK = 4 * MIB;
/** Calls under way at once, as `rbd bench` has them. */
const AT_ONCE = 16;
const TOOL_MS = 600_000;

/** All of a volume written and read in order, and the same by `rbd bench`, in turn on one pool. */
export async function rbdIoBench(options: BenchOptions): Promise<BenchResult> {
  const bytes = options.gib * GIB;
  // One of each kind, and the room of those before, which the OSD gives back in its own time.
  await using cluster = await CephCluster.start({ pools: [options.pool], bytes: 5 * bytes });
  const { confFile } = cluster;
  await using backend = await RbdBackend.start({ confFile, pool: options.pool });
  const [ours, bare] = [new Stopwatch(), new Stopwatch()];
  for (let round = 0; round < options.rounds; round += 1) {
    await oursOf(backend, bytes, ours);
    await toolsOf(confFile, options.pool, bytes, bare);
  }
  return { ours: ours.timings, bare: bare.timings };
}

async function oursOf(backend: RbdBackend, bytes: number, watch: Stopwatch): Promise<void> {
  const volume = await backend.createVolume(bytes);
  const data = Buffer.alloc(CHUNK, 0x5a);
  await watch.time('write', async () =>
    withDevice(backend, volume, 'read-write', async (device) => {
      await inOrder(bytes, async (offset) => device.write(offset, data));
      await device.flush();
    }),
  );
  await watch.time('read', async () =>
    withDevice(backend, volume, 'read-only', async (device) =>
      inOrder(bytes, async (offset, buffer) => {
        const read = await device.read(offset, CHUNK, buffer);
        if (read[0] !== 0x5a) throw new Error(`at ${String(offset)} is not what was written`);
      }),
    ),
  );
  await backend.deleteVolume(volume);
}

async function withDevice(
  backend: RbdBackend,
  volume: Volume,
  mode: DeviceMode,
  work: (device: BlockDevice) => Promise<void>,
): Promise<void> {
  const device = await backend.driver.openDevice(backend.context(), { kind: 'volume', volume }, mode);
  try {
    await work(device);
  } finally {
    await device.close();
  }
}

/** One call for each chunk, in order, so many at once; each of these has a buffer of its own. */
async function inOrder(
  bytes: number,
  call: (offset: number, buffer: Buffer) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    const buffer = Buffer.alloc(CHUNK);
    while (next < bytes) {
      const offset = next;
      next += CHUNK;
      await call(offset, buffer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function toolsOf(confFile: string, pool: string, bytes: number, watch: Stopwatch): Promise<void> {
  const image = `${pool}/bench-io`;
  const rbd = async (...args: string[]): Promise<void> => {
    await run('rbd', ['--conf', confFile, ...args], { timeout: TOOL_MS, maxBuffer: 2 ** 26 });
  };
  await rbd('create', '--size', String(bytes / MIB), image);
  const sizes = ['--io-size', String(CHUNK), '--io-threads', String(AT_ONCE), '--io-total', String(bytes)];
  for (const kind of ['write', 'read']) {
    await watch.time(kind, () => rbd('bench', '--io-type', kind, '--io-pattern', 'seq', ...sizes, image));
  }
  await rbd('rm', '--no-progress', image);
}
