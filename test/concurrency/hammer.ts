import { isDriverError, MIB } from '@scoria/core';
import type { Volume } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import { LocalBackend } from '../support/local-backend.js';

interface HammerArguments {
  readonly directory: string;
  readonly volume: Volume;
  readonly milliseconds: number;
  /** Where this process writes: nobody else does. */
  readonly offset: number;
}

/**
 * A process of its own that works on a volume others work on too: takes snapshots, writes, reads what it wrote,
 * deletes its snapshots. Whoever finds a wrong byte ends with status 1; being told to wait too long is no failure.
 */
async function hammer({ directory, volume, milliseconds, offset }: HammerArguments): Promise<number> {
  await using local = await LocalBackend.start(directory);
  const end = Date.now() + milliseconds;
  let rounds = 0;
  while (Date.now() < end) {
    await unlessBusy(() => round(local, volume, offset, (rounds += 1)));
  }
  return rounds;
}

async function round(local: LocalBackend, volume: Volume, offset: number, number: number): Promise<void> {
  const data = Buffer.alloc(64 * 1024, (number % 250) + 1);
  await local.write(volume, offset, data);
  const snapshot = await local.snapshot(volume, randomUUID());
  const later = Buffer.alloc(data.length, 0xff);
  await local.write(volume, offset, later);
  expectBytes(await local.read(snapshot), offset, data, 'the snapshot');
  await local.deleteSnapshot(snapshot);
  expectBytes(await local.read(volume), offset, later, 'the volume');
}

function expectBytes(found: Buffer, offset: number, expected: Buffer, what: string): void {
  if (found.length !== MIB || !found.subarray(offset, offset + expected.length).equals(expected)) {
    throw new Error(`${what} has wrong bytes`);
  }
}

async function unlessBusy(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isDriverError(error, 'volume-busy')) throw error;
  }
}

const rounds = await hammer(JSON.parse(process.argv[2] ?? '{}') as HammerArguments);
process.stdout.write(String(rounds));
