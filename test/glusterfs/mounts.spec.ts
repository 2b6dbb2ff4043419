import type { Snapshot } from '@scoria/core';
import { MIB } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterBackend } from './gluster-backend.js';

const run = promisify(execFile);

let server: GlusterServer;
let small: string;
let large: string;
beforeAll(async () => {
  server = await GlusterServer.start();
  small = await server.createVolume('small', { bytes: 64 * MIB });
  large = await server.createVolume('large', { bytes: 128 * MIB });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The lines of the kernel's table for mounts below a directory; the first field is another for each new mount. */
async function mountsIn(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').filter((line) => line.includes(` ${directory}/`));
}

describe('a share', () => {
  it.each(['backupvolfile-server=ADDRESS', 'backup-volfile-servers=DEAD:ADDRESS,log-level=WARNING'])(
    'is mounted from a server it falls back on (%s), and found by the next start',
    async (line) => {
      const options = line.replace('ADDRESS', server.address).replace('DEAD', server.deadAddress);
      const share = `${server.deadAddress}:/small`;
      const shares = `${share} -o ${options}`;
      const mountPointBase = await mkdtemp(path.join(server.directory, 'mnt-'));
      await using first = await GlusterBackend.start(server, { shares, mountPointBase });
      const mounted = await mountsIn(mountPointBase);
      expect(mounted).toEqual([
        expect.stringMatching(/ rw,nosuid,nodev,.* - fuse\.glusterfs 10\.77\.0\.9:\/small /),
      ]);
      const volume = await first.createVolume(MIB);
      const data = patternBytes(1, MIB);
      await first.write(volume, 0, data);

      await using second = await GlusterBackend.start(server, { shares, mountPointBase });
      expect(await mountsIn(mountPointBase)).toEqual(mounted);
      expect((await second.read(volume)).equals(data)).toBe(true);
      expect(await second.connect(volume)).toEqual({
        driver_volume_type: 'glusterfs',
        data: { export: share, name: `volume-${volume.id}`, format: 'raw', options: `-o ${options}` },
        mount_point_base: mountPointBase,
      });
      await second.deleteVolume(volume);
    },
  );

  it('that was unmounted is mounted again before its volumes are used', async () => {
    await using backend = await GlusterBackend.start(server, { shares: small });
    const volume = await backend.createVolume(MIB);
    const data = patternBytes(2, MIB);
    await backend.write(volume, 0, data);
    execFileSync('umount', [backend.mountPoint(small)]);
    expect((await backend.read(volume)).equals(data)).toBe(true);
    execFileSync('umount', [backend.mountPoint(small)]);
    await backend.deleteVolume(volume);
    expect(await mountsIn(backend.mountPointBase)).toHaveLength(1);
  });

  it('whose client process died is mounted again, also where something is open on it', async () => {
    await using backend = await GlusterBackend.start(server, { shares: small });
    const volume = await backend.createVolume(MIB);
    const data = patternBytes(5, MIB);
    await backend.write(volume, 0, data);
    const opened = await open(path.join(backend.mountPoint(small), `volume-${volume.id}`));
    await server.killClient(backend.mountPoint(small));
    expect((await backend.read(volume)).equals(data)).toBe(true);
    expect(await mountsIn(backend.mountPointBase)).toHaveLength(1);
    await opened.close().catch(() => undefined); // what it was open on is gone
    await backend.deleteVolume(volume);
  });

  it('belongs to the group of the process, which may write on it', async () => {
    const other = path.join(server.directory, 'other');
    await server.mount(small, other);
    await chmod(other, 0o700);
    execFileSync('chgrp', ['12345', other]);
    await using backend = await GlusterBackend.start(server, { shares: small });
    const { gid, mode } = await stat(backend.mountPoint(small));
    expect([gid, mode & 0o777]).toEqual([process.getegid!(), 0o720]);
  });

  it('is written by two hosts in turn, whatever they do at the same time', async () => {
    // A mount each: the locks between them are those of the file system.
    await server.gluster('volume', 'set', 'large', 'performance.stat-prefetch', 'off');
    await using one = await GlusterBackend.start(server, { shares: large });
    await using two = await GlusterBackend.start(server, { shares: large });
    expect([...one.warnings, ...two.warnings]).toEqual([]);
    const volume = await one.createVolume(MIB);
    const taken: Snapshot[] = [];
    for (const seed of [0, 1, 2, 3]) {
      const [writer, other] = seed % 2 === 0 ? [one, two] : [two, one];
      await writer.write(volume, 0, patternBytes(seed, MIB));
      taken.push(await other.snapshot(volume));
    }
    for (const [seed, snapshot] of taken.entries()) {
      for (const host of [one, two]) {
        expect((await host.read(snapshot)).equals(patternBytes(seed, MIB))).toBe(true);
      }
    }
    await Promise.all([one, two, one, two].map((host) => host.snapshot(volume)));
    await Promise.all(taken.map((snapshot, index) => (index < 2 ? one : two).deleteSnapshot(snapshot)));
    const connections = await Promise.all([one, two].map((host) => host.connect(volume)));
    expect(connections[0]!.data).toEqual(connections[1]!.data);
    const record = await readFile(path.join(one.mountPoint(large), `volume-${volume.id}.info`), 'utf8');
    expect(Object.keys(JSON.parse(record) as object)).toHaveLength(5);
    expect((await two.read(volume)).equals(patternBytes(3, MIB))).toBe(true);
  });

  it.each([
    [
      'by another',
      [
        /it was mounted without entry-timeout=0, attribute-timeout=0, direct-io-mode=enable; unmount it/,
        /few threads; unmount it.* or run 'gluster volume set small client\.event-threads 32'/,
      ],
    ],
    ['by the driver', [/run 'gluster volume set small performance\.stat-prefetch off'/]],
  ])('that was mounted %s and is not fit for all is a warning', async (by, warnings) => {
    const mountPointBase = await mkdtemp(path.join(server.directory, 'mnt-'));
    await using backend = await GlusterBackend.create(server, { shares: small, mountPointBase });
    if (by === 'by another') await server.mount(small, backend.mountPoint(small));
    await backend.start();
    expect(backend.warnings).toEqual(warnings.map((warning): unknown => expect.stringMatching(warning)));
  });
});

/** With the usual two threads, a client of GlusterFS 10 hangs after a dozen rounds. */
it('a share goes on answering when programs that lock its files interrupt themselves', async () => {
  await using backend = await GlusterBackend.start(server, { shares: large });
  const makeImages = async (worker: number): Promise<void> => {
    const image = path.join(backend.mountPoint(large), `image-${String(worker)}`);
    for (let round = 0; round < 40; round += 1) {
      const words = ['create', '-q', '-f', 'qcow2', image, '1M'];
      await run('qemu-img', words, { timeout: 30_000, killSignal: 'SIGKILL' });
    }
    await rm(image);
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => makeImages(worker)));
});

describe('of two shares', () => {
  it('the one with more room gets the volume, and each is a pool', async () => {
    await using backend = await GlusterBackend.start(server, { shares: `${small}\n${large}` });
    const volume = await backend.createVolume(MIB);
    expect(volume.providerLocation).toBe(large);
    const { pools, storageProtocol } = await backend.driver.stats(backend.context());
    expect(storageProtocol).toBe('glusterfs');
    expect(pools.map(({ name, totalBytes }) => [name, Math.round(totalBytes / MIB)])).toEqual([
      [small, 64],
      [large, 128],
    ]);
    expect(pools[1]!.provisionedBytes).toBeGreaterThanOrEqual(MIB);
  });

  it('one that is down is left out, and used again when it is back', async () => {
    const share = await server.createVolume('weak', { bytes: 256 * MIB });
    await using backend = await GlusterBackend.start(server, { shares: `${share}\n${small}` });
    const there = await backend.createVolume(MIB);
    expect(there.providerLocation).toBe(share);
    await server.killBrick('weak', 0);
    await expect(backend.read(there)).rejects.toThrow(/it is not connected; see whether its server is up/);
    expect((await backend.createVolume(MIB)).providerLocation).toBe(small);
    await server.gluster('volume', 'start', 'weak', 'force');
    const locations = new Set<string | undefined>();
    for (let tries = 0; tries < 60 && !locations.has(share); tries += 1) {
      locations.add((await backend.createVolume(MIB)).providerLocation);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(locations).toContain(share);
  });
});

describe('a share that is full', () => {
  it('takes no more, loses nothing, and has its volumes deleted', async () => {
    const share = await server.createVolume('full', { bytes: 32 * MIB });
    const options = { glusterfs_sparsed_volumes: false };
    await using backend = await GlusterBackend.start(server, { shares: share, options });
    const volume = await backend.createVolume(12 * MIB);
    const data = patternBytes(3, 12 * MIB);
    await backend.write(volume, 0, data);
    const listing = async (): Promise<string[]> =>
      (await readdir(backend.mountPoint(share))).filter((name) => !name.startsWith('.')).sort();
    const before = await listing();
    await expect(backend.createVolume(30 * MIB)).rejects.toMatchObject({ code: 'no-space' });
    await using sparse = await GlusterBackend.start(server, { shares: share });
    const thin = await sparse.createVolume(64 * MIB);
    await expect(sparse.write(thin, 0, patternBytes(4, 64 * MIB))).rejects.toMatchObject({
      code: 'no-space',
    });
    await expect(sparse.createVolume(MIB)).rejects.toMatchObject({ code: 'no-space' });
    expect((await backend.read(volume)).equals(data)).toBe(true);
    await sparse.deleteVolume(thin);
    expect(await listing()).toEqual(before);
    await backend.deleteVolume(volume);
    expect(await listing()).toEqual([]);
  });
});
