import { MIB } from '@scoria/core';
import { QmpConnection } from '@scoria/disk-image';
import { rm } from 'node:fs/promises';
import { StorageDaemon } from '../support/storage-daemon.js';
import { contextOf, OnlineScene, REGION } from './online-scene.js';

/** Waits until something is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function jobsAt(monitorPath: string): Promise<readonly { readonly status: string }[]> {
  await using monitor = await QmpConnection.open(monitorPath);
  return (await monitor.execute('query-jobs')) as readonly { readonly status: string }[];
}

async function cancelJob(monitorPath: string, id: string): Promise<void> {
  await using monitor = await QmpConnection.open(monitorPath);
  await monitor.execute('job-cancel', { id });
}

/** A volume with a file below the active one that takes a while to pull, or to commit. */
async function twoSnapshots(): Promise<OnlineScene> {
  const on = await OnlineScene.start();
  await using disk = await on.disk();
  await on.guest.fill(1, 0, 16 * MIB);
  await on.takeSnapshot(disk, 'volume', 'a');
  await on.guest.fill(2, 0, 8 * MIB);
  await on.takeSnapshot(disk, 'a', 'b');
  await on.guest.fill(3, REGION, REGION);
  await on.guest.flush();
  return on;
}

const CHANGES = ['commit', 'pull'] as const;
const changeOf = (on: OnlineScene) => ({
  active: on.file('b'),
  file: on.file('a'),
  base: on.diskFile('volume'),
});

describe.each(CHANGES)('a %s', (kind) => {
  it('that is cancelled leaves the chain as it was', async () => {
    await using on = await twoSnapshots();
    await using disk = await on.disk({ bytesPerSecond: MIB });
    const abort = new AbortController();
    const context = contextOf({ signal: abort.signal, onProgress: ({ done }) => done > 0 && abort.abort() });
    await expect(disk[kind](context, changeOf(on))).rejects.toMatchObject({ code: 'cancelled' });
    expect(await on.backingOf('b')).toEqual(['a', 'qcow2']);
    expect(await disk.hasOpen(on.file('a'))).toBe(true);
    await on.guest.requireFilled(3, REGION, REGION);
    await on.guest.requireFilled(2, 2 * REGION, REGION);
    await on.guest.requireFilled(1, 8 * MIB, 8 * MIB);
  });

  it('that takes too long is cancelled, and can be asked for again', async () => {
    await using on = await twoSnapshots();
    {
      await using slow = await on.disk({ bytesPerSecond: MIB, jobTimeoutMs: 100 });
      await expect(slow[kind](contextOf(), changeOf(on))).rejects.toMatchObject({ code: 'timeout' });
    }
    expect(await on.backingOf('b')).toEqual(['a', 'qcow2']);
    await using disk = await on.disk();
    await disk[kind](contextOf(), changeOf(on));
    expect(await on.backingOf('b')).toEqual(['volume', 'raw']);
    await on.guest.requireFilled(3, REGION, REGION);
    await on.guest.requireFilled(2, 2 * REGION, REGION);
  });

  it('that a process left when it died is taken up, at full speed', async () => {
    await using on = await twoSnapshots();
    const first = await on.disk({ bytesPerSecond: REGION });
    const begun = new AbortController();
    const left = first[kind](contextOf({ onProgress: () => begun.abort() }), changeOf(on));
    const lost = expect(left).rejects.toMatchObject({ code: 'unavailable' });
    await until(async () => Promise.resolve(begun.signal.aborted));
    // As the death of its process: the connection is gone, and nobody cancels the job.
    await first[Symbol.asyncDispose]();
    await lost;
    expect(await jobsAt(on.daemon.monitor)).toMatchObject([{ status: 'running' }]);
    await using again = await on.disk();
    await again[kind](contextOf(), changeOf(on));
    expect(await on.backingOf('b')).toEqual(['volume', 'raw']);
    expect(await again.hasOpen(on.file('a'))).toBe(false);
    await on.guest.requireFilled(3, REGION, REGION);
    await on.guest.requireFilled(2, 2 * REGION, REGION);
  });

  it.each([
    ['has ended since', 'concluded', 4 * MIB],
    // It would not end within the test.
    ['has failed since', 'cancelled', REGION],
  ])('that a process left when it died, and that %s, is done or done anew', async (_what, end, rate) => {
    await using on = await twoSnapshots();
    const first = await on.disk({ bytesPerSecond: rate });
    const begun = new AbortController();
    const left = first[kind](contextOf({ onProgress: () => begun.abort() }), changeOf(on));
    const lost = expect(left).rejects.toMatchObject({ code: 'unavailable' });
    await until(async () => Promise.resolve(begun.signal.aborted));
    await first[Symbol.asyncDispose]();
    await lost;
    if (end === 'cancelled') await cancelJob(on.daemon.monitor, `scoria-${kind}-snapshot`);
    await until(async () => (await jobsAt(on.daemon.monitor))[0]?.status === 'concluded');
    expect(await on.backingOf('b')).toEqual(end === 'cancelled' ? ['a', 'qcow2'] : ['volume', 'raw']);
    await using again = await on.disk();
    await again[kind](contextOf(), changeOf(on));
    expect(await on.backingOf('b')).toEqual(['volume', 'raw']);
    expect(await again.hasOpen(on.file('a'))).toBe(false);
    await again[Symbol.asyncDispose]();
    expect(await jobsAt(on.daemon.monitor)).toEqual([]);
    await on.guest.requireFilled(3, REGION, REGION);
    await on.guest.requireFilled(2, 2 * REGION, REGION);
  });

  it('in which the hypervisor is killed leaves what reads as before, and is done by the next one', async () => {
    await using on = await twoSnapshots();
    const disk = await on.disk({ bytesPerSecond: MIB });
    const context = contextOf({ onProgress: ({ done }) => done > 0 && void on.daemon.kill() });
    await expect(disk[kind](context, changeOf(on))).rejects.toMatchObject({ code: 'unavailable' });
    await on.daemon.kill();
    expect(await on.backingOf('b')).toEqual(['a', 'qcow2']);
    const before = [2, 3, ...Array.from({ length: 126 }, () => 2), 1, 1];
    expect(await on.bytesOf('b', 130)).toEqual(before);
    await using daemon = await StorageDaemon.start(
      on.directory,
      { file: on.file('b'), format: 'qcow2' },
      { name: 'again' },
    );
    await using next = await on.disk({}, daemon);
    await next[kind](contextOf(), changeOf(on));
    await on.flush(next, 'b');
    expect(await on.backingOf('b')).toEqual(['volume', 'raw']);
    expect(await on.bytesOf('b', 130)).toEqual(before);
  });
});

describe('a monitor', () => {
  it('is let go of while a job goes on: another volume of the guest can be seen to', async () => {
    await using on = await twoSnapshots();
    await using disk = await on.disk({ bytesPerSecond: MIB });
    const abort = new AbortController();
    const pulling = disk.pull(contextOf({ signal: abort.signal }), changeOf(on));
    const ended = expect(pulling).rejects.toMatchObject({ code: 'cancelled' });
    for (let round = 0; round < 5; round += 1) {
      await using other = await on.disk();
      expect(await other.hasOpen(on.file('a'))).toBe(true);
    }
    abort.abort();
    await ended;
  });

  it('that somebody else keeps is unavailable after a while, or when it is not waited for', async () => {
    await using on = await OnlineScene.start();
    await using _other = await QmpConnection.open(on.daemon.monitor);
    await expect(on.disk({ waitMs: 100 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(on.daemon.monitor) as string,
    });
  });

  it('has more waiting for it than its queue takes, and serves them all', async () => {
    await using on = await OnlineScene.start();
    const first = await QmpConnection.open(on.daemon.monitor);
    const waiting = Array.from({ length: 6 }, async () => {
      await using disk = await on.disk();
      return await disk.hasOpen(on.file('volume'));
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await first[Symbol.asyncDispose]();
    expect(await Promise.all(waiting)).toEqual([true, true, true, true, true, true]);
  });

  it('of a process that has died is nobody there', async () => {
    await using on = await OnlineScene.start();
    await on.daemon.kill();
    await expect(on.disk()).rejects.toThrow('nobody has the disk');
  });
});

describe('what the hypervisor refuses', () => {
  it('is said, and changes nothing', async () => {
    await using on = await OnlineScene.start();
    await using disk = await on.disk();
    await on.makeOverlay('a', 'volume');
    const take = async (active: string, overlay: string) =>
      disk.takeSnapshot(contextOf(), { active: on.diskFile(active), overlay: on.file(overlay) });
    const open = `the hypervisor does not have ${on.file('other')} open; it has ${on.file('volume')}`;
    await expect(take('other', 'a')).rejects.toMatchObject({ code: 'failed', message: open });
    await expect(take('volume', 'missing')).rejects.toThrow(/No such file/);
    const pull = disk.pull(contextOf(), { active: on.file('other'), file: on.file('volume') });
    await expect(pull).rejects.toMatchObject({ code: 'failed', message: open });
    await on.guest.fill(5, 0, REGION);
    await on.guest.flush();
    expect(await on.bytesOf('volume', 1)).toEqual([5]);
    expect(await disk.hasOpen(on.file('a'))).toBe(false);
  });

  it('an overlay of another size is not used', async () => {
    await using on = await OnlineScene.start();
    await using disk = await on.disk();
    await on.makeOverlay('a', 'volume', MIB);
    const change = { active: on.diskFile('volume'), overlay: on.file('a') };
    await expect(disk.takeSnapshot(contextOf(), change)).rejects.toThrow(/has 1048576 bytes/);
    expect(await disk.hasOpen(on.file('a'))).toBe(false);
  });

  it('an overlay that was left open, and made anew since, is opened anew', async () => {
    await using on = await OnlineScene.start();
    await on.makeOverlay('a', 'volume');
    {
      await using monitor = await QmpConnection.open(on.daemon.monitor);
      const file = { driver: 'file', filename: on.file('a') };
      await monitor.execute('blockdev-add', { driver: 'qcow2', 'node-name': 'left', backing: null, file });
    }
    await rm(on.file('a'));
    await using disk = await on.disk();
    await on.takeSnapshot(disk, 'volume', 'a');
    await on.guest.fill(6, 0, REGION);
    await on.guest.flush();
    expect(await on.bytesOf('a', 1)).toEqual([6]);
  });
});
