import { createContext } from '@scoria/core';
import type { LockManager, LockName, OperationContext } from '@scoria/core';
import { FakeLockManager, fakePorts, MemoryLogger } from '@scoria/testkit';
import { Container } from 'inversify';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ShareProvider, type Share } from '../shares/share.js';
import { ShareWatch } from '../shares/share-watch.js';
import { FakeHeart } from '../shares/spec-support/fake-heart.js';
import { FileVolumes } from './file-volumes.js';
import { recoverShares } from './recover-shares.js';
import { bindRemoteFs } from './remotefs-module.js';
import { RemoteFsPolicy } from './remotefs-policy.js';

const LEFT = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001.create';

let base: string;
let logger: MemoryLogger;
let context: OperationContext;
let container: Container;
let hearts: FakeHeart[];
let shares: Share[];
/** Whether a share gives its locks; a call on one that does not has no end. */
let answers: (directory: string) => boolean;

beforeEach(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'recover-shares-'));
  logger = new MemoryLogger();
  context = createContext({ requestId: 'req-1', logger });
  shares = ['a', 'b', 'c'].map((name) => ({ share: `${name}:/v`, path: path.join(base, name) }));
  hearts = shares.map(() => new FakeHeart());
  answers = () => true;
  const locks = new FakeLockManager();
  const lockManager: LockManager = {
    acquire: async (names: readonly LockName[], options) =>
      names.every(({ directory }) => answers(directory))
        ? locks.acquire(names, options)
        : new Promise<never>(() => undefined),
  };
  container = new Container();
  container.load(fakePorts({ logger, lockManager }));
  bindRemoteFs(container.bind.bind(container));
  container.bind(ShareWatch).toSelf().inSingletonScope();
  container.bind<Partial<ShareProvider>>(ShareProvider).toConstantValue({
    available: async () => Promise.resolve(shares),
  });
  container.bind<Partial<RemoteFsPolicy>>(RemoteFsPolicy).toConstantValue({ nameTemplate: 'volume-%s' });
  for (const [index, { share, path: directory }] of shares.entries()) {
    container.get(ShareWatch).add(share, hearts[index]!.heartbeat);
    for (const name of ['tmp', 'journal', 'locks'])
      await mkdir(path.join(directory, '.scoria', name), { recursive: true });
    await writeFile(path.join(directory, '.scoria', 'tmp', LEFT), '');
  }
});
afterEach(() => rm(base, { recursive: true }));

const recover = async (): Promise<void> =>
  recoverShares(context, container.get(FileVolumes), container.get(ShareWatch));

/** What dead processes have left, on each share. */
async function left(): Promise<string[][]> {
  return Promise.all(
    shares.map(async ({ path: directory }) => readdir(path.join(directory, '.scoria', 'tmp'))),
  );
}

it('puts all shares in order', async () => {
  await recover();
  expect(await left()).toEqual([[], [], []]);
  expect(logger.lines).toEqual([]);
});

it('puts the others in order where one hangs meanwhile, and says which', async () => {
  const { path: hanging } = shares[0]!;
  answers = (directory) => !directory.startsWith(`${hanging}/`);
  hearts[0]!.stop();
  await recover();
  expect(await left()).toEqual([[LEFT], [], []]);
  expect(logger.lines).toMatchObject([
    {
      level: 'error',
      message: expect.stringMatching(
        /^the share a:\/v could not be put in order: .* gives no answer/,
      ) as string,
    },
  ]);
});

it('puts the others in order where one cannot be', async () => {
  const hidden = path.join(shares[1]!.path, '.scoria');
  await rm(hidden, { recursive: true });
  await writeFile(hidden, 'no directory');
  shares.reverse();
  await recover();
  shares.splice(1, 1);
  expect(await left()).toEqual([[], []]);
  expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
});
