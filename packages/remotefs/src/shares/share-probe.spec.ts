import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ShareProbe } from './share-probe.js';

function failingWith(code: string): () => Promise<void> {
  return () => Promise.reject(Object.assign(new Error(`${code}: broken`), { code }));
}

describe('ShareProbe', () => {
  it.each([
    ['EROFS', /mounted read-only/],
    ['ESTALE', /stale file handle/],
    ['ENOTCONN', /not connected/],
    ['ECONNABORTED', /not connected/],
    ['EACCES', /this process \(user \d+, group \d+\) may not create files in \/share/],
    ['EPERM', /may not create files/],
    ['EIO', /input\/output error/],
    ['ENOENT', /does not exist/],
    ['EWHATEVER', /no file can be created on it: .*broken/],
  ])('explains %s', async (code, message) => {
    expect(await new ShareProbe('/share', 1000, failingWith(code)).problem()).toMatch(message);
  });

  it.each(['ENOSPC', 'EDQUOT'])('finds a full share usable (%s)', async (code) => {
    expect(await new ShareProbe('/share', 1000, failingWith(code)).problem()).toBeUndefined();
  });

  it('gives a dead share up without asking it again and again', async () => {
    let looks = 0;
    const probe = new ShareProbe('/share', 5, () => {
      looks += 1;
      return new Promise<never>(() => {});
    });
    expect(await probe.problem()).toMatch(/gives no answer within 0.005 s; see whether its server is up/);
    expect(await probe.problem()).toMatch(/no answer/);
    expect(looks).toBe(1);
  });

  it('leaves nothing but the hidden directory', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'share-probe-'));
    const probe = new ShareProbe(directory);
    await Promise.all([probe.problem(), probe.problem(), new ShareProbe(directory).problem()]);
    expect(await readdir(directory, { recursive: true })).toEqual(['.scoria']);
    await rm(directory, { recursive: true });
  });
});
