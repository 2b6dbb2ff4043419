import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryFlock, unlockFlock } from './flock.js';
import { renameNoReplace } from './rename-no-replace.js';
import { allocateRange, nextData, nextHole, punchHole, zeroRange } from './sparse-files.js';
import { systemCode } from './system-error.js';

const BLOCK = 65_536;

let directory: string;
let file: FileHandle;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-libc-'));
  file = await open(join(directory, 'file'), 'w+');
});
afterEach(async () => {
  await file.close();
  await rm(directory, { recursive: true });
});

describe('a sparse file', () => {
  beforeEach(async () => {
    await file.truncate(8 * BLOCK);
    await file.write(Buffer.alloc(2 * BLOCK, 1), 0, 2 * BLOCK, 2 * BLOCK);
  });

  test.each<[offset: number, data: number | undefined, hole: number | undefined]>([
    [0, 2 * BLOCK, 0],
    [2 * BLOCK, 2 * BLOCK, 4 * BLOCK],
    [3 * BLOCK, 3 * BLOCK, 4 * BLOCK],
    [4 * BLOCK, undefined, 4 * BLOCK],
    [8 * BLOCK, undefined, undefined],
    [9 * BLOCK, undefined, undefined],
  ])('from %d has its next data at %s and its next hole at %s', async (offset, data, hole) => {
    expect(await nextData(file.fd, offset)).toBe(data);
    expect(await nextHole(file.fd, offset)).toBe(hole);
  });

  test('loses the data where a hole is punched', async () => {
    await punchHole(file.fd, 2 * BLOCK, BLOCK);
    expect(await nextData(file.fd, 0)).toBe(3 * BLOCK);
    expect((await file.stat()).size).toBe(8 * BLOCK);
  });

  test('reads as zeroes where it was zeroed', async () => {
    await zeroRange(file.fd, 3 * BLOCK, BLOCK);
    const { buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, 3 * BLOCK);
    expect(buffer.equals(Buffer.alloc(BLOCK))).toBe(true);
  });

  test('grows where it is allocated', async () => {
    await allocateRange(file.fd, 8 * BLOCK, BLOCK);
    const { size, blocks } = await file.stat();
    expect({ size, blocks }).toEqual({ size: 9 * BLOCK, blocks: (3 * BLOCK) / 512 });
  });
});

describe('a call that fails says why', () => {
  test.each<[what: string, call: () => Promise<unknown>, expected: Record<string, unknown>]>([
    ['a closed descriptor', () => nextData(9999, 0), { code: 'EBADF', syscall: 'lseek64', errno: 9 }],
    [
      'a range that cannot be',
      () => punchHole(file.fd, 0, -1),
      { code: 'EINVAL', message: 'fallocate64: EINVAL (invalid argument)' },
    ],
    [
      'more than there is',
      () => allocateRange(file.fd, 0, 2 ** 52),
      { code: expect.stringMatching(/ENOSPC|EFBIG/) as string },
    ],
  ])('%s', async (_what, call, expected) => {
    await expect(call()).rejects.toMatchObject(expected);
  });

  test('to the caller it belongs to, whatever else goes on', async () => {
    const codes = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        (index % 2 === 0 ? nextData(9999, 0) : punchHole(file.fd, 0, -1)).then(
          () => undefined,
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    );
    expect(codes).toEqual(codes.map((_, index) => (index % 2 === 0 ? 'EBADF' : 'EINVAL')));
  });
});

test.each([
  [{ code: 'ENOENT', errno: -2 }, 'ENOENT'],
  // Node has no name for it: a used up quota, and whatever else libuv does not list.
  [{ code: 'Unknown system error -122', errno: -122 }, 'EDQUOT'],
  [{ code: 'Unknown system error -999', errno: -999 }, 'Unknown system error -999'],
  [{ code: 7 }, undefined],
  [new Error('none'), undefined],
])('the code of %j is %s', (error, code) => {
  expect(systemCode(error)).toBe(code);
});

describe('a rename that replaces nothing', () => {
  const path = (name: string) => join(directory, name);

  test('moves the file', async () => {
    await writeFile(path('a'), 'text');
    await renameNoReplace(path('a'), path('b'));
    expect(await readFile(path('b'), 'utf8')).toBe('text');
  });

  test('is refused where a file is', async () => {
    await writeFile(path('a'), 'new');
    await writeFile(path('b'), 'old');
    await expect(renameNoReplace(path('a'), path('b'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path('b'), 'utf8')).toBe('old');
  });
});

test('flock holds between open files', async () => {
  await using other = await open(join(directory, 'file'), 'r+');
  expect(await tryFlock(file.fd, 'exclusive')).toBe(true);
  expect(await tryFlock(other.fd, 'shared')).toBe(false);
  await unlockFlock(file.fd);
  expect(await tryFlock(other.fd, 'shared')).toBe(true);
});
