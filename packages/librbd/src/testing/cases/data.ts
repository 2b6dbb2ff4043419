import type { RbdImage } from '../../model/image.js';
import { contentOf, MIB, type RbdCase, refused, same, type Scene, SIZE } from '../scene.js';

const KIB = 1024;

const beyond: [title: string, act: (image: RbdImage) => Promise<unknown>][] = [
  ['a read over the end', async (image) => image.read(SIZE - 1, 2)],
  ['a read behind the end', async (image) => image.read(SIZE, 1)],
  ['a write over the end', async (image) => image.write(SIZE - 1, Buffer.from('ab'))],
  ['a discard over the end', async (image) => image.discard(SIZE - 1, 2)],
  ['zeroes over the end', async (image) => image.writeZeroes(SIZE - 1, 2)],
  ['a read from before the beginning', async (image) => image.read(-1, 2)],
  ['a read of half a byte', async (image) => image.read(0, 0.5)],
  ['to shrink unasked', async (image) => image.resize(SIZE - 1)],
  ['a negative size', async (image) => image.resize(-1)],
];

const readOnly: [title: string, act: (image: RbdImage) => Promise<unknown>][] = [
  ['write', async (image) => image.write(0, Buffer.from('a'))],
  ['discard', async (image) => image.discard(0, 10)],
  ['zeroes', async (image) => image.writeZeroes(0, 10)],
  ['resize', async (image) => image.resize(2 * SIZE)],
  ['snapshot', async (image) => image.createSnapshot('new')],
  ['removal of a snapshot', async (image) => image.removeSnapshot('snap')],
  ['renaming of a snapshot', async (image) => image.renameSnapshot('snap', 'new')],
  ['protection', async (image) => image.protectSnapshot('snap')],
  ['unprotection', async (image) => image.unprotectSnapshot('snap')],
  ['roll-back', async (image) => image.rollback('snap')],
  ['flatten', async (image) => image.flatten()],
  ['metadata', async (image) => image.setMetadata('key', 'value')],
  ['features', async (image) => image.updateFeatures(['fast-diff'], false)],
];

export const dataCases: readonly RbdCase[] = [
  ...beyond.map(([title, act]) => ({
    name: `refuses ${title}: invalid`,
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(SIZE - 4, Buffer.from('last'));
      await refused('invalid', act(image));
      same((await image.read(SIZE - 4, 4)).toString(), 'last');
      same((await image.info()).sizeBytes, SIZE);
    },
  })),
  {
    name: 'refuses every change through an image that was opened for reading, or at a snapshot',
    run: async ({ pool }: Scene): Promise<void> => {
      await pool.createImage('image', { sizeBytes: SIZE });
      {
        await using image = await pool.openImage('image');
        await image.createSnapshot('snap');
      }
      for (const how of [{ readOnly: true }, { snapshot: 'snap' }]) {
        await using image = await pool.openImage('image', how);
        for (const [, act] of readOnly) await refused('read-only', act(image));
      }
    },
  },
  {
    name: 'reads into memory of the caller, if that fits',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(4 * MIB - 2, Buffer.from('data'));
      const into = Buffer.alloc(6, 'x');
      same(await image.read(4 * MIB - 3, 6, into), into);
      same(into.toString('latin1'), '\0data\0');
      await refused('invalid', image.read(0, 5, into));
      await refused('invalid', image.read(0, 6, 'x' as never));
      same(into.toString('latin1'), '\0data\0');
    },
  },
  {
    name: 'reads what was written, across objects, and zeroes elsewhere',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(4 * MIB - 3, Buffer.from('across'));
      same((await image.read(4 * MIB - 5, 10)).toString('latin1'), '\0\0across\0\0');
      await using reader = await scene.elsewhere.openImage('image', { readOnly: true });
      await image.flush();
      same(await contentOf(reader), 'across');
      same((await image.read(0, 0)).length, 0);
      await image.write(0, Buffer.alloc(0));
    },
  },
  {
    name: 'reads zeroes where bytes were zeroed, and where runs of 64 KiB were discarded',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(0, Buffer.from('0123456789'));
      await image.write(5 * MIB, Buffer.from('far'));
      await image.writeZeroes(2, 3);
      await image.discard(8, 1);
      await image.writeZeroes(7, 1);
      same((await image.read(0, 10)).toString('latin1'), '01\0\0\x0056\x0089');
      await image.write(KIB - 1, Buffer.from('xxx'));
      await image.write(64 * KIB - 1, Buffer.from('yzz'));
      await image.discard(KIB, 127 * KIB);
      await image.discard(4 * MIB, 4 * MIB);
      same(await contentOf(image), '015689xxxy');
    },
  },
  {
    name: 'grows with zeroes, and shrinks for good',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await image.write(5 * MIB, Buffer.from('lost'));
      await image.write(0, Buffer.from('kept'));
      await image.resize(5 * MIB + 1, { allowShrink: true });
      same([(await image.info()).sizeBytes, await contentOf(image)], [5 * MIB + 1, 'keptl']);
      await image.resize(SIZE * 2);
      same([(await image.info()).sizeBytes, await contentOf(image)], [SIZE * 2, 'keptl']);
      await image.resize(SIZE * 2);
    },
  },
  {
    name: 'shows a new size and new data to others that have the image open',
    run: async (scene: Scene): Promise<void> => {
      await using image = await scene.image();
      await using other = await scene.elsewhere.openImage('image');
      await other.resize(SIZE * 2);
      await other.write(SIZE, Buffer.from('there'));
      await other.flush();
      same((await image.info()).sizeBytes, SIZE * 2);
      same((await image.read(SIZE, 5)).toString(), 'there');
    },
  },
];
