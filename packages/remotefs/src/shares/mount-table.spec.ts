import { isDriverError } from '@scoria/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { matchesMount, parseMountInfo, ProcMountTable } from './mount-table.js';

const TABLE = `22 27 0:21 / /proc rw,relatime - proc proc rw
40 27 0:40 / /mnt/a rw,relatime shared:1 master:2 - nfs4 host:/export rw,vers=4.2
41 27 0:41 / /mnt/with\\040space\\134 rw - fuse.glusterfs host:/my\\040volume rw
42 40 0:42 / /mnt/a rw - tmpfs none rw
43 27 0:43 / /mnt/empty rw - fuse.x  rw
not a line
`;

describe('parseMountInfo', () => {
  it('decodes names, skips optional fields and what is no entry', () => {
    expect(parseMountInfo(TABLE)).toEqual([
      { directory: '/proc', type: 'proc', source: 'proc' },
      { directory: '/mnt/a', type: 'nfs4', source: 'host:/export' },
      { directory: '/mnt/with space\\', type: 'fuse.glusterfs', source: 'host:/my volume' },
      { directory: '/mnt/a', type: 'tmpfs', source: 'none' },
      { directory: '/mnt/empty', type: 'fuse.x', source: '' },
    ]);
  });
});

describe('matchesMount', () => {
  it.each([
    ['nfs', 'nfs4', 'h:/v', 'h:/v', true],
    ['nfs', 'nfs', 'h:/v/', 'h:/v', true],
    ['nfs4', 'nfs', 'h:/v', 'h:/v', false],
    ['nfs', 'fuse.glusterfs', 'h:/v', 'h:/v', false],
    ['glusterfs', 'fuse.glusterfs', 'h:v', 'h:/v', true],
    ['glusterfs', 'fuse.glusterfs', 'H:/v', 'h:/v', true],
    ['glusterfs', 'fuse.glusterfs', 'h:/w', 'h:/v', false],
    ['glusterfs', 'fuse.glusterfs', 'g:/v', 'h:/v', false],
    ['nfs', 'nfs4', '[fe80::1]:/v', '[FE80::1]:/v', true],
    ['nfs', 'nfs4', 'h:/V', 'h:/v', false],
    ['tmpfs', 'tmpfs', 'none', 'h:/none', false],
  ])('%s, found %s of %s for %s: %s', (type, foundType, foundSource, source, expected) => {
    const entry = { directory: '/mnt', type: foundType, source: foundSource };
    expect(matchesMount(entry, { type, source })).toBe(expected);
  });
});

describe('ProcMountTable', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'mount-table-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('sees the topmost of what is mounted on one directory', async () => {
    const file = path.join(directory, 'mountinfo');
    await writeFile(file, TABLE);
    const table = new ProcMountTable(file);
    expect(await table.find('/mnt/a')).toEqual({ directory: '/mnt/a', type: 'tmpfs', source: 'none' });
    expect(await table.find('/mnt')).toBeUndefined();
    expect(await table.isMounted('/mnt/a')).toBe(true);
    expect(await table.isMounted('/mnt/a', { type: 'nfs' })).toBe(false);
    expect(await table.isMounted('/mnt/b')).toBe(false);
  });

  it("reads the kernel's own", async () => {
    const table = new ProcMountTable();
    expect(await table.isMounted('/proc', { type: 'proc' })).toBe(true);
    expect(await table.isMounted(directory)).toBe(false);
  });

  it('says which table it cannot read', async () => {
    const failure = await new ProcMountTable('/nowhere/mountinfo').find('/').catch((error: unknown) => error);
    expect(isDriverError(failure, 'failed')).toBe(true);
    expect((failure as Error).message).toMatch(/mount table \/nowhere\/mountinfo cannot be read/);
  });
});
