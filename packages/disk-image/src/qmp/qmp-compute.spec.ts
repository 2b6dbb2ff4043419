import type { GuestDisk, VolumeAttachment } from '@scoria/core';
import { ComputeApi } from '@scoria/core';
import { makeContext, makeVolume } from '@scoria/testkit';
import { Container } from 'inversify';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeMonitor } from '../spec-support/fake-monitor.js';
import { QmpCompute, QmpComputeOptions } from './qmp-compute.js';

const ID = '5f0c8a0e-6b0a-4b0e-9d0f-0a1b2c3d4e5f';

let directory: string;
let compute: ComputeApi;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-compute-'));
  compute = createCompute({});
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

function createCompute(options: QmpComputeOptions): ComputeApi {
  const container = new Container();
  container.bind(QmpComputeOptions).toConstantValue(options);
  container.bind(ComputeApi).to(QmpCompute);
  return container.get<ComputeApi>(ComputeApi);
}

async function openDisk(monitor: string | undefined, signal?: AbortSignal): Promise<GuestDisk | undefined> {
  const attachment: VolumeAttachment = {
    id: ID,
    host: 'here',
    ...(monitor === undefined ? {} : { monitor }),
  };
  const context = makeContext(signal === undefined ? {} : { signal });
  return compute.openDisk(context, { volume: makeVolume(), attachment, snapshotId: ID });
}

describe('a disk is not opened', () => {
  test('without options, where none are bound', () => {
    const container = new Container();
    container.bind(ComputeApi).to(QmpCompute);
    expect(container.get(ComputeApi)).toBeInstanceOf(QmpCompute);
  });

  test.each<[what: string, monitor: string | undefined, words: RegExp]>([
    ['none', undefined, /names no monitor/],
    ['a relative path', 'run/monitor', /not absolute/],
    ['a path with ..', '/run/../monitor', /no plain path/],
    ['a directory', '/run/', /no plain path/],
    ['control characters', '/run/\0monitor', /control characters/],
    ['a path that does not fit into an address', `/${'x'.repeat(107)}`, /107 bytes/],
  ])('where the attachment names %s', async (_what, monitor, words) => {
    const message = expect.stringMatching(words) as string;
    await expect(openDisk(monitor)).rejects.toMatchObject({ code: 'not-supported', message });
  });

  test('where there is a file and no socket, or a link', async () => {
    await writeFile(join(directory, 'file'), '');
    await symlink('file', join(directory, 'link'));
    for (const name of ['file', 'link']) {
      await expect(openDisk(join(directory, name))).rejects.toMatchObject({ code: 'unavailable' });
    }
  });

  test('where nobody is: the guest does not run', async () => {
    expect(await openDisk(join(directory, 'gone'))).toBeUndefined();
    const path = join(directory, 'left');
    const listen = 'require("net").createServer().listen(process.argv[1], () => console.log("up"))';
    const child = spawn(process.execPath, ['-e', listen, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await lstat(path)).isSocket()).toBe(true);
    expect(await openDisk(path)).toBeUndefined();
  });

  test('where the monitor greets nobody: it serves somebody else', async () => {
    compute = createCompute({ waitMs: 100 });
    await using monitor = await FakeMonitor.listen(join(directory, 'busy'));
    monitor.greeting = '';
    const message = expect.stringContaining(monitor.path) as string;
    await expect(openDisk(monitor.path)).rejects.toMatchObject({ code: 'unavailable', message });
    const cancelled = openDisk(monitor.path, AbortSignal.abort());
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test('a disk that has been let go of is not to be asked', async () => {
  await using monitor = await FakeMonitor.listen(join(directory, 'monitor'));
  const disk = (await openDisk(monitor.path))!;
  monitor.answer = () => ({ return: [] });
  expect(await disk.hasOpen('/x')).toBe(false);
  await disk[Symbol.asyncDispose]();
  await expect(disk.hasOpen('/x')).rejects.toMatchObject({ code: 'unavailable' });
});
