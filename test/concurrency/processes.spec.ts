import { MIB } from '@scoria/core';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LocalBackend } from '../support/local-backend.js';

const HAMMER_MS = 8_000;
const PROGRAMS = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'concurrency');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-processes-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function hammer(options: object): Promise<number> {
  const args = [path.join(PROGRAMS, 'hammer.js'), JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 100_000 });
  return Number(stdout);
}

it('two processes on one share hammer one volume, and never find a wrong byte', async () => {
  await using local = await LocalBackend.start(directory);
  const volume = await local.createVolume(MIB);
  const rounds = await Promise.all(
    [0, MIB / 2].map((offset) => hammer({ directory, volume, milliseconds: HAMMER_MS, offset })),
  );
  console.info(`rounds of the two processes: ${rounds.join(', ')}`);
  for (const count of rounds) expect(count).toBeGreaterThan(0);
  await local.deleteVolume(volume);
  expect((await readdir(directory)).filter((name) => name !== '.scoria')).toEqual([]);
});

it('a process that is killed while it holds a volume blocks nobody', async () => {
  await using local = await LocalBackend.start(directory);
  const volume = await local.createVolume(MIB);
  await local.write(volume, 0, Buffer.alloc(4096, 9));
  const program = path.join(PROGRAMS, 'holder.js');
  const holder = spawn(process.execPath, [program, JSON.stringify({ directory, volume })]);
  await once(holder.stdout, 'data');

  const waiting = local.snapshot(volume);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const started = performance.now();
  const snapshot = await waiting;
  expect(performance.now() - started).toBeLessThan(5_000);

  const expected = Buffer.alloc(MIB);
  expected.fill(9, 0, 4096);
  expect((await local.read(snapshot)).equals(expected)).toBe(true);
  const files = (await readdir(directory)).filter((name) => name !== '.scoria').sort();
  expect(files).toEqual([
    `volume-${volume.id}`,
    `volume-${volume.id}.${snapshot.id}`,
    `volume-${volume.id}.info`,
  ]);
});
