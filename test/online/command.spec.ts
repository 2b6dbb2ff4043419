import { MIB } from '@scoria/core';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scoria } from '../commands/run-program.js';
import { GuestIo, StorageDaemon } from '../support/storage-daemon.js';

interface ConnectionInfo {
  readonly data: { readonly device_path: string; readonly format: 'raw' | 'qcow2' };
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-guest-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await scoria(directory, ...args);
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse(await run('--json', ...args)) as T;
}

/** Starts a hypervisor as a person would: with the file and the format that the command names. */
async function startGuest(name: string): Promise<StorageDaemon> {
  const { data } = await json<ConnectionInfo>('volume', 'connect', 'data');
  return StorageDaemon.start(directory, { file: data.device_path, format: data.format }, { name });
}

/** The byte that the first and the second MiB of a volume are filled with. */
async function bytesOf(volume: string): Promise<number[]> {
  const file = path.join(directory, `${volume}.img`);
  await run('volume', 'export', volume, file);
  const bytes = Buffer.alloc(2 * MIB);
  const handle = await open(file);
  await handle.read(bytes, 0, bytes.length, 0);
  await handle.close();
  await rm(file);
  return [0, 1].map((part) => {
    const there = bytes.subarray(part * MIB, (part + 1) * MIB);
    expect(there.every((byte) => byte === there[0])).toBe(true);
    return there[0] ?? -1;
  });
}

it('a volume that a guest writes to is snapshotted and cloned by the command, and the guest started again', async () => {
  await run('volume', 'create', 'data', '--size', '1');
  const file = (await json<ConnectionInfo>('volume', 'connect', 'data')).data.device_path;
  let guest = await startGuest('first');
  let io = new GuestIo(guest);
  try {
    await run('volume', 'attach', 'data', '--monitor', guest.monitor);
    await io.fill(1, 0, MIB);
    await run('snapshot', 'create', 'data', 'monday');
    await io.fill(2, 0, MIB);
    await run('snapshot', 'create', 'data', 'tuesday');
    await io.fill(3, MIB, MIB);
    await run('volume', 'create', 'copy', '--from-volume', 'data');
    await run('volume', 'create', 'restored', '--from-snapshot', 'monday');
    expect([await bytesOf('copy'), await bytesOf('restored')]).toEqual([
      [2, 3],
      [1, 0],
    ]);

    const [attachment] = await json<{ connection_info: ConnectionInfo }[]>('attachment', 'list');
    const { data } = await json<ConnectionInfo>('volume', 'connect', 'data');
    expect([attachment?.connection_info.data.device_path, data.format]).toEqual([data.device_path, 'qcow2']);
    await io.flush();
    await guest.kill();
    await io[Symbol.asyncDispose]();

    await run('volume', 'detach', 'data');
    guest = await startGuest('second');
    io = new GuestIo(guest);
    await run('volume', 'attach', 'data', '--monitor', guest.monitor);
    await io.requireFilled(2, 0, MIB);
    await io.requireFilled(3, MIB, MIB);
    await run('snapshot', 'delete', 'monday');
    await io.fill(4, 0, MIB);
    await run('snapshot', 'delete', 'tuesday');
    await io.flush();
  } finally {
    await guest.kill();
    await io[Symbol.asyncDispose]();
  }
  await run('volume', 'detach', 'data');
  expect(await bytesOf('data')).toEqual([4, 3]);
  expect(await run('backend', 'audit', 'local')).toContain('nothing is wrong');
  for (const volume of ['data', 'copy', 'restored']) await run('volume', 'delete', volume);
  const left = await readdir(path.dirname(file));
  expect(left.filter((name) => name.startsWith('volume-'))).toEqual([]);
});
