import {
  Clock,
  CommandError,
  CommandRunner,
  createContext,
  isDriverError,
  LockManager,
  Logger,
} from '@scoria/core';
import {
  commandLine,
  deferred,
  FakeClock,
  FakeCommandRunner,
  FakeLockManager,
  MemoryLogger,
} from '@scoria/testkit';
import { Container } from 'inversify';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MountProbe, systemMountProbe } from './mount-probe.js';
import { matchesMount, MountTable, type ExpectedMount, type MountEntry } from './mount-table.js';
import { MountedSharesOptions } from './mounted-shares-options.js';
import { bindMountedShares } from './share-bindings.js';
import { ShareProvider } from './share.js';

class FakeMountTable implements MountTable {
  readonly entries: MountEntry[] = [];

  async find(directory: string): Promise<MountEntry | undefined> {
    return Promise.resolve(this.entries.findLast((entry) => entry.directory === directory));
  }

  async isMounted(directory: string, expected: ExpectedMount = {}): Promise<boolean> {
    const entry = await this.find(directory);
    return entry !== undefined && matchesMount(entry, expected);
  }
}

const A = 'a.example:/volume';
const B = 'b.example:/volume';

describe('MountedShares', () => {
  let base: string;
  let mountPointBase: string;
  let sharesFile: string;
  let table: FakeMountTable;
  let commands: FakeCommandRunner;
  let locks: FakeLockManager;
  let clock: FakeClock;
  let logger: MemoryLogger;

  beforeEach(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'mounted-shares-'));
    mountPointBase = path.join(base, 'mnt');
    sharesFile = path.join(base, 'shares');
    await writeFile(sharesFile, `${A}\n${B} -o vers=4.1,ro=no\n`);
    table = new FakeMountTable();
    commands = new FakeCommandRunner().when('mount', mount);
    locks = new FakeLockManager();
    clock = new FakeClock();
    logger = new MemoryLogger();
  });
  afterEach(async () => {
    await rm(base, { recursive: true, force: true });
  });

  const context = createContext({ requestId: 'req-1', logger: new MemoryLogger() });
  const pointOf = (share: string): string =>
    path.join(mountPointBase, createHash('md5').update(share).digest('hex'));
  const warnings = (): string[] =>
    logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const mounts = (): string[] => commands.lines.filter((line) => line.startsWith('mount '));

  /** What mount(8) does, as far as the table and the rights show it. */
  async function mount({ args }: { args: readonly string[] }): Promise<object> {
    const [, type = '', , , source = '', directory = ''] = args;
    await chmod(directory, 0o770);
    table.entries.push({ directory, type, source });
    return {};
  }

  function refuse(share: string): void {
    commands.when(['mount', '-t', 'nfs'], (request) =>
      request.args.includes(share) ? { exitCode: 32, stderr: 'no route to host' } : mount(request),
    );
  }

  function create(
    options: Partial<MountedSharesOptions> = {},
    probe: MountProbe = systemMountProbe,
  ): ShareProvider {
    const container = new Container();
    bindMountedShares(container.bind.bind(container));
    container.rebind<MountProbe>(MountProbe).toConstantValue(probe);
    container.rebind<MountTable>(MountTable).toConstantValue(table);
    container.bind<CommandRunner>(CommandRunner).toConstantValue(commands);
    container.bind<LockManager>(LockManager).toConstantValue(locks);
    container.bind<Clock>(Clock).toConstantValue(clock);
    container.bind<Logger>(Logger).toConstantValue(logger);
    const all: MountedSharesOptions = { fstype: 'nfs', sharesFile, mountPointBase, ...options };
    container.bind<MountedSharesOptions>(MountedSharesOptions).toConstantValue(all);
    return container.get<ShareProvider>(ShareProvider);
  }

  function isUsable(shares: ShareProvider, share: string): boolean {
    try {
      shares.byName(share);
      return true;
    } catch {
      return false;
    }
  }

  async function failureOf(work: Promise<unknown>): Promise<Error> {
    const failure = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isDriverError(failure, 'unavailable')).toBe(true);
    return failure as Error;
  }

  describe('mounting', () => {
    it('mounts each share at the digest of its name, with privileges, a time limit and its own options', async () => {
      const shares = create({ mountOptions: ['noatime'], mountTimeoutMs: 5000 });
      await shares.start(context);

      expect(mounts().sort()).toEqual([
        `mount -t nfs -o noatime,nosuid,nodev ${A} ${pointOf(A)}`,
        `mount -t nfs -o noatime,vers=4.1,ro=no,nosuid,nodev ${B} ${pointOf(B)}`,
      ]);
      expect(commands.calls.every(({ privileged, timeoutMs }) => privileged && timeoutMs === 5000)).toBe(
        true,
      );
      expect(await shares.available(context)).toEqual([
        { share: A, path: pointOf(A) },
        { share: B, path: pointOf(B), options: ['vers=4.1', 'ro=no'] },
      ]);
      expect(locks.heldNames).toEqual([]);
      expect(warnings()).toEqual([]);
    });

    it('leaves alone what is mounted, and starts twice', async () => {
      table.entries.push({ directory: pointOf(A), type: 'nfs4', source: `${A}/` });
      await mkdir(pointOf(A), { recursive: true });
      const shares = create();
      await shares.start(context);
      await shares.start(context);
      expect(mounts()).toHaveLength(1);
      expect(mounts()[0]).toContain(B);
    });

    it('does not take the directory below for the share when the mount does not last', async () => {
      const { entries } = table;
      table.find = async (directory) => {
        const hasEnded = existsSync(path.join(directory, '.scoria'));
        return Promise.resolve(hasEnded ? undefined : entries.find((entry) => entry.directory === directory));
      };
      expect((await failureOf(create().start(context))).message).toMatch(
        /a\.example:\/volume: it was mounted, but the mount has ended; see the log of its client/,
      );
    });

    it('finds the mount when the base is reached by a link', async () => {
      await mkdir(path.join(base, 'real'));
      await symlink(path.join(base, 'real'), path.join(base, 'mnt'));
      const shares = create();
      await shares.start(context);
      await shares.start(context);
      expect(mounts()).toHaveLength(2);
      expect(shares.byName(A).path).toBe(pointOf(A));
    });

    it('makes mount points on which nothing can be written by mistake', async () => {
      commands.when('mount', { exitCode: 1 });
      await failureOf(create().start(context));
      expect((await stat(pointOf(A))).mode & 0o222).toBe(0);
    });

    it('mounts once for many callers', async () => {
      const shares = create();
      await shares.start(context);
      table.entries.length = 0;
      await Promise.all([
        shares.ensure(context, A),
        shares.ensure(context, A),
        shares.available(context),
        shares.ensure(context, B),
      ]);
      expect(mounts()).toHaveLength(4);
    });

    it('tries once for many callers, also when it fails', async () => {
      const shares = create();
      await shares.start(context);
      table.entries.length = 0;
      commands.when('mount', { exitCode: 32, stderr: 'no route to host' });
      const failures = [shares.ensure(context, A), shares.ensure(context, A), shares.ensure(context, A)].map(
        failureOf,
      );
      await Promise.all(failures);
      expect(mounts()).toHaveLength(3);
    });

    it('looks at what it mounted again, however lately it was usable', async () => {
      const shares = create();
      await shares.start(context);
      table.entries.length = 0;
      await rm(path.join(pointOf(A), '.scoria'), { recursive: true });
      await writeFile(path.join(pointOf(A), '.scoria'), '');
      expect(await shares.available(context)).toMatchObject([{ share: B }]);
    });

    it('mounts once for two processes', async () => {
      await Promise.all([create().start(context), create().start(context)]);
      expect(mounts()).toHaveLength(2);
    });

    it('mounts again what has gone', async () => {
      const shares = create();
      await shares.start(context);
      table.entries.shift();
      await shares.ensure(context, A);
      await shares.ensure(context, B);
      expect(mounts()).toHaveLength(3);
    });

    it('takes a failed mount for done if the share is mounted all the same', async () => {
      commands.when('mount', async (request) => {
        await mount(request);
        return { exitCode: 32, stderr: 'already mounted' };
      });
      const shares = create();
      await shares.start(context);
      expect(await shares.available(context)).toHaveLength(2);
    });

    it.each([
      [
        'another share',
        { type: 'nfs4', source: 'other:/volume' },
        /other:\/volume \(nfs4\) is mounted on its mount point/,
      ],
      [
        'another type',
        { type: 'tmpfs', source: A },
        /a\.example:\/volume \(tmpfs\) is mounted .* \(nfs\); unmount that/,
      ],
    ])('refuses a mount point on which %s is mounted', async (_case, entry, message) => {
      table.entries.push({ directory: pointOf(A), ...entry });
      const shares = create();
      await shares.start(context);
      expect((await failureOf(shares.ensure(context, A))).message).toMatch(message);
      expect(mounts()).toHaveLength(1);
      expect(await shares.available(context)).toMatchObject([{ share: B }]);
    });

    it.each([
      ['a mount that does nothing', () => ({}), /mount reported success, but nothing is mounted on/],
      [
        'a mount that fails',
        () => ({ exitCode: 32, stderr: 'no such host' }),
        /it cannot be mounted: .*no such host/,
      ],
      [
        'a mount program that is missing',
        () => ({ exitCode: 32, stderr: "mount: /x: unknown filesystem type 'nfs'." }),
        /unknown filesystem type 'nfs'.*; is mount\.nfs installed\?/,
      ],
      [
        'a mount that hangs',
        () => {
          throw new CommandError({ code: 'command-timeout', message: 'mount took too long' });
        },
        /it was not mounted in time; see whether its server is up/,
      ],
    ])('says so of %s', async (_case, handler, message) => {
      commands.when('mount', handler);
      expect((await failureOf(create().start(context))).message).toMatch(message);
    });

    it('refuses a mount point that is a link', async () => {
      await mkdir(mountPointBase);
      await symlink('/', pointOf(A));
      const shares = create();
      await shares.start(context);
      expect((await failureOf(shares.ensure(context, A))).message).toMatch(
        /is not a directory; remove what is there/,
      );
    });
  });

  describe('shares that do not work', () => {
    it('are a warning as long as one does', async () => {
      refuse(A);
      const shares = create();
      await shares.start(context);
      expect(await shares.available(context)).toMatchObject([{ share: B }]);
      expect(warnings()).toEqual([
        expect.stringMatching(/^the share a\.example:\/volume cannot be used: .*no route/),
      ]);
    });

    it('are an error that names each if none does', async () => {
      commands.when('mount', { exitCode: 32, stderr: 'no route to host' });
      const { message } = await failureOf(create().start(context));
      expect(message).toMatch(
        /^no share of .*shares can be used: a\.example:.*no route.*; b\.example:.*no route/,
      );
    });

    it('are tried again, but not before their time, and later each time', async () => {
      refuse(A);
      const shares = create({ retryAfterMs: 1000 });
      await shares.start(context);
      const triesAfter = async (milliseconds: number): Promise<number> => {
        await clock.advance(milliseconds);
        await shares.available(context);
        return mounts().filter((line) => line.includes(A)).length;
      };
      expect(await triesAfter(999)).toBe(1);
      expect(await triesAfter(1)).toBe(2);
      expect(await triesAfter(1999)).toBe(2);
      expect((await failureOf(shares.ensure(context, A))).message).toMatch(
        /no route to host.*tried again after 1 s/,
      );
      expect(await triesAfter(1)).toBe(3);

      commands.when('mount', mount);
      expect(await triesAfter(4000)).toBe(4);
      expect(await shares.available(context)).toHaveLength(2);
      expect(shares.byName(A)).toEqual({ share: A, path: pointOf(A) });
      expect(logger.lines.at(-1)?.message).toBe('the share a.example:/volume can be used again');
    });

    it('wait no longer than at first when they fail anew after they had worked', async () => {
      refuse(A);
      const shares = create({ retryAfterMs: 1000 });
      await shares.start(context);
      await clock.advance(1000);
      commands.when('mount', mount);
      await shares.ensure(context, A);
      table.entries.length = 0;
      refuse(A);
      await failureOf(shares.ensure(context, A));
      commands.when('mount', mount);
      await clock.advance(1000);
      expect((await shares.ensure(context, A)).share).toBe(A);
    });

    it('are tried again after 10 minutes at the latest', async () => {
      refuse(A);
      const shares = create();
      await shares.start(context);
      for (let hour = 0; hour < 5; hour += 1) {
        await clock.advance(3_600_000);
        await shares.available(context);
      }
      await clock.advance(600_000);
      await shares.available(context);
      expect(mounts().filter((line) => line.includes(A))).toHaveLength(7);
    });

    it('do not hold up the others', async () => {
      const answer = deferred();
      commands.when('mount', async (request) => {
        if (request.args.includes(A)) await answer.promise;
        return mount(request);
      });
      // Nothing that takes time is asked of a share that was found usable.
      const probe = { ...systemMountProbe, ask: async () => Promise.resolve() };
      const shares = create({ availableWaitMs: 50 }, probe);
      const starting = shares.start(context);
      while (!isUsable(shares, B)) await delay(5);
      expect(await shares.available(context)).toMatchObject([{ share: B }]);
      answer.resolve();
      await starting;
      expect(await shares.available(context)).toHaveLength(2);
    });

    it('include those that take no files, and are usable again when they do', async () => {
      const shares = create({ trustMs: 1000, retryAfterMs: 1000 });
      await shares.start(context);
      await rm(path.join(pointOf(A), '.scoria'), { recursive: true });
      await writeFile(path.join(pointOf(A), '.scoria'), '');
      expect(await shares.available(context)).toHaveLength(2);
      await clock.advance(1000);
      expect(await shares.available(context)).toMatchObject([{ share: B }]);
      expect(() => shares.byName(A)).toThrow(/\.scoria is there and is not a directory; remove it/);
      await rm(path.join(pointOf(A), '.scoria'));
      await clock.advance(1000);
      expect((await shares.ensure(context, A)).share).toBe(A);
    });

    it('leave no probe behind', async () => {
      await create().start(context);
      expect(await readdir(path.join(pointOf(A), '.scoria'))).toEqual([]);
    });
  });

  describe('the group', () => {
    it('gets the share and may write on it, where it did not', async () => {
      const gid = process.getegid!() + 1;
      commands.when('mount', async (request) => {
        await mount(request);
        await chmod(request.args.at(-1)!, 0o700);
        return {};
      });
      commands.when('chgrp').when('chmod');
      const shares = create({ gid });
      await shares.start(context);
      await shares.available(context);
      const granted = commands.calls.filter(({ command }) => command !== 'mount');
      expect(granted.map(commandLine).sort()).toEqual(
        [A, B]
          .flatMap((share) => [`chgrp ${String(gid)} ${pointOf(share)}`, `chmod g+w ${pointOf(share)}`])
          .sort(),
      );
      expect(granted.every(({ privileged }) => privileged)).toBe(true);

      table.entries.length = 0;
      await shares.available(context);
      expect(commands.calls.filter(({ command }) => command !== 'mount')).toHaveLength(2 * granted.length);
    });

    it('is left alone where it is right', async () => {
      await create({ gid: process.getegid!() }).start(context);
      expect(commands.lines).toEqual(mounts());
    });

    it('is a warning where the server does not let it, since files may be created all the same', async () => {
      commands.when('chgrp', { exitCode: 1, stderr: 'not permitted' });
      const shares = create({ gid: process.getegid!() + 1 });
      await shares.start(context);
      expect(await shares.available(context)).toHaveLength(2);
      expect(warnings()[0]).toMatch(/the group of the share .* cannot be set: .*not permitted/);
    });
  });

  describe('the configuration', () => {
    it('is read with a warning for each bad line', async () => {
      await writeFile(sharesFile, `${A}\n-o suid\n`);
      await create().start(context);
      expect(warnings()).toEqual([
        expect.stringMatching(/^line 2 of .*shares is skipped: it begins with an option/),
      ]);
    });

    it('must have a share', async () => {
      await writeFile(sharesFile, '# none\n');
      expect((await failureOf(create().start(context))).message).toMatch(/has no share in it/);
    });

    it('is read anew at each start', async () => {
      const shares = create();
      await shares.start(context);
      await writeFile(sharesFile, `${B} -o vers=4.2\nc.example:/volume\n`);
      await shares.start(context);
      expect(await shares.available(context)).toMatchObject([
        { share: B, options: ['vers=4.2'] },
        { share: 'c.example:/volume' },
      ]);
    });

    it('does not know a share that is not in it', async () => {
      const shares = create();
      await shares.start(context);
      const { message } = await failureOf(shares.ensure(context, 'x:/y'));
      expect(message).toMatch(
        /"x:\/y" is not one of .*a\.example.*; if volumes are on it, add it to the shares file/,
      );
    });

    it.each([
      [['suid'], /mount option 'suid', which is not allowed here/],
      [['ro', '-t'], /begins with '-'/],
      [['ro,dev'], /a character other than/],
    ])('must not ask for mount options that a shares file may not have: %j', (mountOptions, message) => {
      expect(() => create({ mountOptions })).toThrow(message);
    });

    it('must not ask for mount options that the file system is not to have', () => {
      const limits = { refusedOptions: ['log-file'] };
      expect(() => create({ limits, mountOptions: ['ro', 'log-file=/etc/x'] })).toThrow(
        /the configuration of the mounts has the mount option 'log-file', which is not allowed here/,
      );
    });

    it.each([{ sharesFile: 'shares' }, { mountPointBase: 'mnt' }])('must be absolute: %j', (options) => {
      expect(() => create(options)).toThrow(/must be an absolute path/);
    });
  });

  async function cancelledStart(abort: AbortController, cancel: () => void): Promise<unknown> {
    const starting = create().start(createContext({ requestId: 'r', logger, signal: abort.signal }));
    cancel();
    return starting.catch((error: unknown) => error);
  }

  it('is cancelled with its operation, while a mount hangs', async () => {
    const abort = new AbortController();
    commands.when('mount', () => {
      setImmediate(() => {
        abort.abort();
      });
      return new Promise<never>(() => {});
    });
    const failure = await cancelledStart(abort, () => {});
    expect(isDriverError(failure, 'cancelled')).toBe(true);
    expect(commands.lines.some((line) => line.startsWith('mount '))).toBe(true);
  });

  it('is cancelled with its operation, while it reads the shares file', async () => {
    commands.when('mount', () => new Promise<never>(() => {}));
    const abort = new AbortController();
    const failure = await cancelledStart(abort, () => {
      abort.abort();
    });
    expect(isDriverError(failure, 'cancelled')).toBe(true);
  });
});
