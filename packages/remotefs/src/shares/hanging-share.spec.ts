import {
  Clock,
  CommandRunner,
  createContext,
  LockManager,
  Logger,
  type OperationContext,
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
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MountProbe } from './mount-probe.js';
import { MountTable, type MountEntry } from './mount-table.js';
import { MountedSharesOptions } from './mounted-shares-options.js';
import { bindMountedShares } from './share-bindings.js';
import { mountPointOf } from './share-mounter.js';
import { ShareWatch } from './share-watch.js';
import { ShareProvider } from './share.js';

const A = 'a.example:/volume';
const B = 'b.example:/volume';
const HANGS = {
  code: 'unavailable',
  message:
    `the share ${A} cannot be used: its file system gives no answer within 0.03 s; see whether its server is up ` +
    'and can be reached (it is tried again as soon as it answers)',
};
const notConnected = (): Error => Object.assign(new Error('not connected'), { code: 'ENOTCONN' });

let base: string;
let entries: MountEntry[];
let commands: FakeCommandRunner;
let logger: MemoryLogger;
let answers: Map<string, () => Promise<unknown>>;
let isDead: boolean;
let shares: ShareProvider;
let watch: ShareWatch;
let returned: number;

const pointOf = (share: string): string => mountPointOf(base, share);
const context = createContext({ requestId: 'req-1', logger: new MemoryLogger() });

/** Mounts without a mount: the files are those of the mount point. */
async function mount({ args }: { args: readonly string[] }): Promise<object> {
  const [, type = '', , , source = '', directory = ''] = args;
  await chmod(directory, 0o770);
  entries.push({ directory, type, source });
  return {};
}

beforeEach(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'hanging-share-'));
  await writeFile(path.join(base, 'shares'), `${A}\n${B}\n`);
  entries = [];
  answers = new Map();
  isDead = false;
  returned = 0;
  logger = new MemoryLogger();
  commands = new FakeCommandRunner().when('mount', mount).when('umount', ({ args }) => {
    entries = entries.filter(({ directory }) => directory !== args.at(-1));
    answers.delete(args.at(-1) ?? '');
    return {};
  });
  const container = new Container();
  bindMountedShares(container.bind.bind(container));
  container.rebind<MountTable>(MountTable).toConstantValue({
    find: async (directory) => Promise.resolve(entries.findLast((entry) => entry.directory === directory)),
    isMounted: async () => Promise.resolve(true),
  });
  container.rebind<MountProbe>(MountProbe).toConstantValue({
    ask: async (directory) => answers.get(directory)?.(),
    isDead: async () => Promise.resolve(isDead),
  });
  container.bind<CommandRunner>(CommandRunner).toConstantValue(commands);
  container.bind<LockManager>(LockManager).toConstantValue(new FakeLockManager());
  container.bind<Clock>(Clock).toConstantValue(new FakeClock());
  container.bind<Logger>(Logger).toConstantValue(logger);
  container.bind<MountedSharesOptions>(MountedSharesOptions).toConstantValue({
    fstype: 'glusterfs',
    sharesFile: path.join(base, 'shares'),
    mountPointBase: base,
    heartbeatMs: 5,
    hangAfterMs: 30,
    availableWaitMs: 15,
  });
  shares = container.get<ShareProvider>(ShareProvider);
  watch = container.get(ShareWatch);
  watch.onReturn(async () => Promise.resolve(void (returned += 1)));
  await shares.start(context);
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Lets the share answer no more; the result gives its answer. */
function hang(share: string): (error?: Error) => void {
  const answer = deferred<undefined>();
  answers.set(pointOf(share), async () => answer.promise);
  return (error) => {
    answers.delete(pointOf(share));
    if (error === undefined) answer.resolve(undefined);
    else answer.reject(error);
  };
}

async function usable(): Promise<string[]> {
  return (await shares.available(context)).map(({ share }) => share);
}

describe('a share that hangs', () => {
  it('is an error that names it, at once when it is known, and the others work', async () => {
    hang(A);
    await expect(shares.ensure(context, A)).rejects.toMatchObject(HANGS);
    const asked = answers.get(pointOf(A))!;
    answers.set(pointOf(A), async () => Promise.reject(new Error('asked while it hangs')));
    await expect(shares.ensure(context, A)).rejects.toMatchObject(HANGS);
    expect(() => shares.byName(A)).toThrow(HANGS.message);
    expect((await shares.ensure(context, B)).share).toBe(B);
    expect(await usable()).toEqual([B]);
    answers.set(pointOf(A), asked);
  });

  it('is left out before it is known to hang, and said to hang once', async () => {
    hang(A);
    expect(await usable()).toEqual([B]);
    expect([...shares.problems()]).toEqual([[A, expect.stringMatching(/^it has not answered so far; see/)]]);
    await expect(shares.ensure(context, A)).rejects.toMatchObject(HANGS);
    expect([...shares.problems()]).toEqual([[A, expect.stringMatching(/gives no answer within 0\.03 s/)]]);
    await Promise.all([usable(), usable()]);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('ends the work that uses it, and what uses all, but not that on another', async () => {
    const begun = [deferred(), deferred(), deferred()] as const;
    const uses = [
      async (inner: OperationContext) => shares.ensure(inner, A),
      async (inner: OperationContext) => shares.available(inner),
      async (inner: OperationContext) => shares.ensure(inner, B),
    ];
    const end = deferred();
    const works = uses.map(async (use, index) =>
      watch.run(context, async (inner) => {
        await use(inner);
        begun[index]!.resolve();
        await end.promise;
        return 'done';
      }),
    );
    const [onA, onAll, onB] = works as [Promise<string>, Promise<string>, Promise<string>];
    await Promise.all(begun.map(async ({ promise }) => promise));
    hang(A);
    await expect(onA).rejects.toMatchObject({ code: 'unavailable', details: { share: A } });
    await expect(onAll).rejects.toMatchObject({ code: 'unavailable', details: { share: A } });
    end.resolve();
    expect(await onB).toBe('done');
  });

  it('is used again and put in order as soon as it answers, without anybody asking', async () => {
    const comeBack = hang(A);
    await expect(shares.ensure(context, A)).rejects.toMatchObject(HANGS);
    expect(returned).toBe(0);
    comeBack();
    while (returned === 0) await delay(1);
    expect(shares.byName(A).share).toBe(A);
    expect(await usable()).toEqual([A, B]);
    expect(shares.problems().size).toBe(0);
    expect(logger.lines.at(-1)?.message).toBe(`the share ${A} can be used again`);
    expect(returned).toBe(1);
  });

  it('that answers in the end that its client has died is mounted again', async () => {
    const comeBack = hang(A);
    await expect(shares.ensure(context, A)).rejects.toMatchObject(HANGS);
    isDead = true;
    answers.set(pointOf(A), async () => Promise.reject(notConnected()));
    const dead = answers.get(pointOf(A))!;
    comeBack(notConnected());
    answers.set(pointOf(A), dead);
    while (returned === 0) await delay(1);
    expect(shares.byName(A).share).toBe(A);
    expect(commands.lines).toContain(`umount --lazy ${pointOf(A)}`);
  });
});

describe('a share that is not connected', () => {
  const lines = (): string[] => commands.calls.slice(2).map(commandLine);

  it('is unmounted and mounted again where its client has died', async () => {
    isDead = true;
    answers.set(pointOf(A), async () => Promise.reject(notConnected()));
    expect((await shares.ensure(context, A)).share).toBe(A);
    expect(lines()).toEqual([
      `umount --lazy ${pointOf(A)}`,
      `mount -t glusterfs -o nosuid,nodev ${A} ${pointOf(A)}`,
    ]);
    expect(commands.calls.every(({ privileged }) => privileged)).toBe(true);
    expect(logger.lines.at(-1)?.message).toBe(`the client of the share ${A} had died; it is mounted again`);
  });

  it('stays mounted where its client is there', async () => {
    answers.set(pointOf(A), async () => Promise.reject(notConnected()));
    await shares.ensure(context, A);
    expect(lines()).toEqual([]);
  });
});
