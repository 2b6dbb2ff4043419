import { LockManager } from '@scoria/core';
import { hostModule } from '@scoria/host';
import { Container } from 'inversify';
import { open, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A number in a file, which each host reads, and writes back one higher: a lock that does not hold loses some. */
export async function countUp(mountPoint: string, times: number): Promise<void> {
  const root = new Container();
  root.load(hostModule({ log: { level: 'error' } }));
  const locks = root.get<LockManager>(LockManager);
  for (let done = 0; done < times; done += 1) {
    await using _lock = await locks.acquire([
      { directory: path.join(mountPoint, 'locks'), name: 'counter', mode: 'exclusive' },
    ]);
    await countOnce(mountPoint);
  }
}

async function countOnce(mountPoint: string): Promise<void> {
  const [counter, inside] = [path.join(mountPoint, 'counter'), path.join(mountPoint, 'inside')];
  // Nobody else is inside, or its file is there.
  await (await open(inside, 'wx')).close();
  await writeFile(counter, String((await countOf(mountPoint)) + 1));
  await unlink(inside);
}

export async function countOf(mountPoint: string): Promise<number> {
  return Number(await readFile(path.join(mountPoint, 'counter'), 'utf8'));
}
