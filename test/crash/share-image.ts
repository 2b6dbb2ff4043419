import { chmod, lstat, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

/** One file of a share; `undefined` data for a directory. */
export interface ImageEntry {
  readonly mode: number;
  readonly data: Buffer | undefined;
}

/** All that is in a directory at one moment, by relative path: what a crash at that moment leaves. */
export type ShareImage = ReadonlyMap<string, ImageEntry>;

export async function readShare(directory: string): Promise<ShareImage> {
  const image = new Map<string, ImageEntry>();
  await collect(directory, '', image);
  return image;
}

async function collect(root: string, below: string, image: Map<string, ImageEntry>): Promise<void> {
  const names = await readdir(path.join(root, below));
  for (const name of names.sort()) {
    const relative = path.join(below, name);
    const file = path.join(root, relative);
    const stats = await lstat(file);
    const mode = stats.mode & 0o7777;
    image.set(relative, { mode, data: stats.isDirectory() ? undefined : await readFile(file) });
    if (stats.isDirectory()) await collect(root, relative, image);
  }
}

/** Makes `directory` exactly what `image` says, with holes where there are zeroes. */
export async function writeShare(directory: string, image: ShareImage): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o750 });
  for (const [relative, { mode, data }] of image) {
    const file = path.join(directory, relative);
    if (data === undefined) await mkdir(file);
    else await writeSparse(file, data);
    await chmod(file, mode);
  }
}

const BLOCK = 4096;
const ZEROES = Buffer.alloc(BLOCK);

async function writeSparse(file: string, data: Buffer): Promise<void> {
  await using handle = await open(file, 'wx');
  await handle.truncate(data.length);
  let start = 0;
  while (start < data.length) {
    let end = start;
    while (end < data.length && !isZero(data, end)) end += BLOCK;
    if (end > start) await handle.write(data, start, Math.min(end, data.length) - start, start);
    start = Math.max(end, start + BLOCK);
  }
}

function isZero(data: Buffer, at: number): boolean {
  const block = data.subarray(at, at + BLOCK);
  return block.equals(ZEROES.subarray(0, block.length));
}

export function sameShare(a: ShareImage, b: ShareImage): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([name, { mode, data }]) => {
    const other = b.get(name);
    if (other?.mode !== mode) return false;
    return data === undefined || other.data === undefined ? data === other.data : data.equals(other.data);
  });
}

/** The entries of a share that `wanted` wants; directories are always kept. */
export function partOf(image: ShareImage, wanted: (name: string) => boolean): ShareImage {
  return new Map([...image].filter(([name, { data }]) => data === undefined || wanted(name)));
}
