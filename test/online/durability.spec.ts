import { rm } from 'node:fs/promises';
import { contextOf, OnlineScene, REGION } from './online-scene.js';

const regions = (count: number): number => count * REGION;

interface Course {
  readonly isFlushed: boolean;
  /** Whether the guest writes all the time, elsewhere on its disk. */
  readonly isWriting: boolean;
}

/** Has the active file take in what is below it, the file below removed, and the hypervisor killed at once. */
async function pullRemoveKill(on: OnlineScene, { isFlushed, isWriting }: Course): Promise<void> {
  await using disk = await on.disk();
  await on.guest.fill(1, 0, regions(32));
  await on.takeSnapshot(disk, 'volume', 'a');
  await on.guest.fill(2, 0, REGION);
  await on.guest.flush();
  const over = new AbortController();
  if (!isWriting) over.abort();
  const writing = (async () => {
    for (let round = 1; !over.signal.aborted; round += 1)
      await on.guest.fill(round % 256, regions(40), REGION);
  })();
  await disk.pull(contextOf(), { active: on.file('a'), file: on.file('volume') });
  if (isFlushed) await on.flush(disk, 'a');
  await rm(on.file('volume'));
  over.abort();
  await Promise.all([writing, on.daemon.kill()].map(async (end) => end.catch(() => undefined)));
}

const WHOLE = [2, ...Array.from({ length: 31 }, () => 1)];

describe('a hypervisor that is killed when the file below has been removed', () => {
  it.each([true, false])(
    'has all of it in the active file after a flush (writing: %s)',
    async (isWriting) => {
      await using on = await OnlineScene.start();
      await pullRemoveKill(on, { isFlushed: true, isWriting });
      expect(await on.backingOf('a')).toEqual([undefined, undefined]);
      expect(await on.bytesOf('a', 32)).toEqual(WHOLE);
    },
  );

  it('has lost some of it without: QEMU has written the header before its tables', async () => {
    await using on = await OnlineScene.start();
    await pullRemoveKill(on, { isFlushed: false, isWriting: false });
    expect(await on.backingOf('a')).toEqual([undefined, undefined]);
    expect(await on.bytesOf('a', 32)).not.toEqual(WHOLE);
  });
});

describe('a flush', () => {
  it('leaves no trace, and the guest on its file', async () => {
    await using on = await OnlineScene.start();
    await using disk = await on.disk();
    await on.guest.fill(1, 0, REGION);
    await on.takeSnapshot(disk, 'volume', 'a');
    for (let round = 2; round < 12; round += 1) {
      await on.guest.fill(round, REGION, REGION);
      await on.flush(disk, 'a');
      expect(await disk.hasOpen(on.file('scratch'))).toBe(false);
    }
    await on.guest.fill(12, regions(2), REGION);
    await on.guest.flush();
    expect(await on.bytesOf('a', 3)).toEqual([1, 11, 12]);
  });

  it('also works on a raw file, and finds no fault with a scratch file that is open already', async () => {
    await using on = await OnlineScene.start();
    await using disk = await on.disk();
    await on.guest.fill(3, 0, REGION);
    await on.flush(disk, 'volume');
    await on.makeOverlay('scratch', 'volume');
    const request = { active: on.file('volume'), scratch: on.file('scratch') };
    await disk.flush(contextOf(), request);
    await disk.flush(contextOf(), request);
    expect(await on.bytesOf('volume', 1)).toEqual([3]);
  });
});
