import { GIB, MIB } from '@scoria/core';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { LocalBackend } from '../support/local-backend.js';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

const CHUNK = 4 * MIB;

/** Clones of a volume that is written from its first to its last byte. */
export async function cloneBench(options: BenchOptions): Promise<BenchResult> {
  const directory = path.join(path.resolve(options.directory), 'bench-clone');
  const watch = new Stopwatch();
  await mkdir(directory, { recursive: true });
  try {
    await using local = await LocalBackend.start(directory);
    const volume = await local.createVolume(options.gib * GIB);
    await watch.time('write_volume', () => fill(local, volume));
    for (let round = 0; round < options.rounds; round += 1) {
      const clone = await watch.time('create_cloned_volume', () => local.clone(volume));
      await watch.time('delete_volume(clone)', () => local.deleteVolume(clone));
    }
    await local.deleteVolume(volume);
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rm(`${directory}.state`, { recursive: true, force: true });
  }
  return { ours: watch.timings };
}

async function fill(
  local: LocalBackend,
  volume: Awaited<ReturnType<LocalBackend['createVolume']>>,
): Promise<void> {
  const device = await local.driver.openDevice(local.context(), { kind: 'volume', volume }, 'read-write');
  try {
    const data = Buffer.alloc(CHUNK);
    for (let offset = 0; offset < volume.sizeBytes; offset += CHUNK) {
      data.fill((offset / CHUNK) % 251);
      await device.write(offset, data);
    }
    await device.flush();
  } finally {
    await device.close();
  }
}
