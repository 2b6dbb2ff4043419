import { contextOf, OnlineScene, REGION } from './online-scene.js';

const regions = (count: number): number => count * REGION;

const throttled = ['--object', 'throttle-group,id=limits'];
const fileNode = (directory: string, name: string): string[] => [
  '--blockdev',
  `driver=file,node-name=${name},filename=${directory}/volume`,
];

/** Ways in which a guest's disk is put together by others: nodes are found by their files, whatever they are called. */
const WAYS: readonly [what: string, nodesOf: (directory: string) => readonly string[]][] = [
  [
    'names of somebody else',
    (directory) => [
      ...fileNode(directory, 'libvirt-1-storage'),
      ...['--blockdev', 'driver=raw,node-name=disk,file=libvirt-1-storage'],
    ],
  ],
  [
    'all of it in one',
    (directory) => [
      '--blockdev',
      `driver=raw,node-name=disk,file.driver=file,file.filename=${directory}/volume`,
    ],
  ],
  [
    'a filter above',
    (directory) => [
      ...throttled,
      ...fileNode(directory, 'bytes'),
      ...['--blockdev', 'driver=raw,node-name=format,file=bytes'],
      ...['--blockdev', 'driver=throttle,node-name=disk,file=format,throttle-group=limits'],
    ],
  ],
  [
    'two filters above, and one between',
    (directory) => [
      ...throttled,
      ...fileNode(directory, 'bytes'),
      ...['--blockdev', 'driver=throttle,node-name=slow,file=bytes,throttle-group=limits'],
      ...['--blockdev', 'driver=raw,node-name=format,file=slow'],
      ...['--blockdev', 'driver=throttle,node-name=upper,file=format,throttle-group=limits'],
      ...['--blockdev', 'driver=copy-on-read,node-name=disk,file=upper'],
    ],
  ],
  [
    'a cache that goes around the host',
    (directory) => [
      '--blockdev',
      `driver=file,node-name=bytes,filename=${directory}/volume,cache.direct=on`,
      ...['--blockdev', 'driver=raw,node-name=disk,file=bytes,cache.direct=on,detect-zeroes=on'],
    ],
  ],
];

describe('a disk that others have put together', () => {
  it.each(WAYS)('with %s: snapshots are taken, committed and pulled', async (_what, nodesOf) => {
    await using on = await OnlineScene.start('raw', (directory) => ({ nodes: nodesOf(directory) }));
    await using disk = await on.disk();
    await on.guest.fill(1, 0, regions(4));
    await on.takeSnapshot(disk, 'volume', 'a');
    await on.guest.fill(2, REGION, regions(3));
    await on.takeSnapshot(disk, 'a', 'b');
    await on.guest.fill(3, regions(2), regions(2));
    await on.takeSnapshot(disk, 'b', 'c');
    await on.guest.fill(4, regions(3), REGION);
    await on.takeSnapshot(disk, 'c', 'd');
    await on.flush(disk, 'd');
    const active = on.file('d');
    await disk.commit(contextOf(), { active, file: on.file('a'), base: on.diskFile('volume') });
    expect(await on.backingOf('b')).toEqual(['volume', 'raw']);
    expect(await on.bytesOf('volume', 4)).toEqual([1, 2, 2, 2]);
    await disk.commit(contextOf(), { active, file: on.file('c'), base: on.diskFile('b') });
    expect(await on.backingOf('d')).toEqual(['b', 'qcow2']);
    await disk.pull(contextOf(), { active, file: on.file('b'), base: on.diskFile('volume') });
    expect(await on.backingOf('d')).toEqual(['volume', 'raw']);
    await disk.pull(contextOf(), { active, file: on.file('volume') });
    expect(await on.backingOf('d')).toEqual([undefined, undefined]);
    await on.flush(disk, 'd');
    await on.guest.requireFilled(4, regions(3), REGION);
    expect(await on.bytesOf('d', 4)).toEqual([1, 2, 3, 4]);
    const open = await Promise.all(['volume', 'a', 'b', 'c', 'd'].map((name) => disk.hasOpen(on.file(name))));
    // What somebody else has put above or below a file stays as long as that needs it.
    expect(open.slice(1)).toEqual([false, false, false, true]);
  });

  it('without a node of the format is refused what would write a wrong format into a header', async () => {
    await using on = await OnlineScene.start('raw', (directory) => ({ nodes: fileNode(directory, 'disk') }));
    await using disk = await on.disk();
    await on.guest.fill(1, 0, regions(2));
    await on.takeSnapshot(disk, 'volume', 'a');
    await on.guest.fill(2, REGION, REGION);
    await on.takeSnapshot(disk, 'a', 'b');
    const change = { active: on.file('b'), file: on.file('a'), base: on.diskFile('volume') };
    const refusal = {
      code: 'failed',
      message: expect.stringContaining('without a node of its format') as string,
    };
    await expect(disk.commit(contextOf(), change)).rejects.toMatchObject(refusal);
    await expect(disk.pull(contextOf(), change)).rejects.toMatchObject(refusal);
    expect([await on.backingOf('a'), await on.backingOf('b')]).toEqual([
      ['volume', 'raw'],
      ['a', 'qcow2'],
    ]);
    expect(await on.bytesOf('b', 2)).toEqual([1, 2]);
  });
});
