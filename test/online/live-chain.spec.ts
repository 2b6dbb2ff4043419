import { REGION, OnlineScene, contextOf } from './online-scene.js';

const regions = (count: number): number => count * REGION;

describe('the chain of a disk in use', () => {
  it('keeps a point in time below, and what the guest writes later above', async () => {
    await using on = await OnlineScene.start();
    await using disk = await on.disk();
    await on.guest.fill(1, 0, REGION);
    await on.takeSnapshot(disk, 'volume', 'a');
    await on.guest.fill(2, 0, REGION);
    await on.guest.flush();
    expect(await on.bytesOf('volume', 2)).toEqual([1, 0]);
    expect(await on.bytesOf('a', 2)).toEqual([2, 0]);
    expect(await on.backingOf('a')).toEqual(['volume', 'raw']);
    // Once more, as after a death between the switch and the record of it.
    await disk.takeSnapshot(contextOf(), { active: on.diskFile('volume'), overlay: on.file('a') });
    await on.guest.requireFilled(2, 0, REGION);
    expect([await disk.hasOpen(on.file('a')), await disk.hasOpen(on.file('b'))]).toEqual([true, false]);
  });

  it.each(['raw', 'qcow2'] as const)('gives up snapshots while the guest writes (%s)', async (format) => {
    await using on = await OnlineScene.start(format);
    await using disk = await on.disk();
    await on.guest.fill(1, 0, regions(4));
    await on.takeSnapshot(disk, 'volume', 'a');
    await on.guest.fill(2, REGION, regions(3));
    await on.takeSnapshot(disk, 'a', 'b');
    await on.guest.fill(3, regions(2), regions(2));
    await on.takeSnapshot(disk, 'b', 'c');
    await on.guest.fill(4, regions(3), REGION);

    const over = new AbortController();
    const writing = (async () => {
      for (let round = 0; !over.signal.aborted; round += 1)
        await on.guest.fill(round % 256, regions(10), REGION);
    })();
    // The middle one's file goes into the one below it.
    const commit = { active: on.file('c'), file: on.file('b'), base: on.diskFile('a') };
    await disk.commit(contextOf(), commit);
    expect(await on.backingOf('c')).toEqual(['a', 'qcow2']);
    expect(await on.bytesOf('a', 4)).toEqual([1, 2, 3, 3]);
    expect(await disk.hasOpen(on.file('b'))).toBe(false);
    // The newest one's data comes up into the active file.
    await disk.pull(contextOf(), { active: on.file('c'), file: on.file('a'), base: on.diskFile('volume') });
    expect(await on.backingOf('c')).toEqual(['volume', format]);
    await disk.pull(contextOf(), { active: on.file('c'), file: on.file('volume') });
    expect(await on.backingOf('c')).toEqual([undefined, undefined]);
    // All of it once more, as somebody does who does not know that it was done.
    await disk.pull(contextOf(), { active: on.file('c'), file: on.file('volume') });
    await disk.commit(contextOf(), commit);
    over.abort();
    await writing;
    await on.guest.flush();
    expect(await on.bytesOf('c', 4)).toEqual([1, 2, 3, 4]);
    expect(await on.bytesOf('volume', 4)).toEqual([1, 1, 1, 1]);
  });
});
