import { MIB } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { LocalBackend } from '../support/local-backend.js';
import { LoopFileSystem } from '../support/loop-file-system.js';

const SIZE = 64 * MIB;

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

describe.each(['xfs', 'btrfs'] as const)('on %s', (type) => {
  it.each(['raw', 'qcow2'])(
    '%s copies share their blocks with the source until one is written',
    async (format) => {
      await using fileSystem = await LoopFileSystem.make(type, 400 * MIB);
      const directory = path.join(fileSystem.directory, 'volumes');
      await using local = await LocalBackend.start(directory, { options: { local_volume_format: format } });
      const volume = await local.createVolume(SIZE);
      const data = patternBytes(1, SIZE);
      await local.write(volume, 0, data);
      const snapshot = await local.snapshot(volume);

      const before = await freeBytes(directory);
      const copy = await local.createFromSnapshot(snapshot, 2 * SIZE);
      expect(before - (await freeBytes(directory))).toBeLessThan(SIZE / 4);

      await local.write(copy, 0, Buffer.alloc(MIB, 7));
      await local.write(volume, MIB, Buffer.alloc(MIB, 8));
      expect((await local.read(snapshot)).equals(data)).toBe(true);
      const found = await local.read(copy);
      expect(found.subarray(0, MIB).equals(Buffer.alloc(MIB, 7))).toBe(true);
      expect(found.subarray(MIB, SIZE).equals(data.subarray(MIB))).toBe(true);
      expect(found.subarray(SIZE).equals(Buffer.alloc(SIZE))).toBe(true);
    },
  );
});
