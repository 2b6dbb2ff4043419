import type { DriverErrorCode } from '@scoria/core';
import { createContext, MIB } from '@scoria/core';
import { makeVolume, withDevice } from '@scoria/testkit';
import { setTimeout as sleep } from 'node:timers/promises';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';
import { CephStorage } from './ceph-storage.js';
import { RbdBackend } from './rbd-backend.js';
import { endureInTheMiddle, type Scene, STEPS, type Trouble } from './trouble/in-the-middle.js';
import {
  codeOf,
  eventually,
  failure,
  IN_TROUBLE,
  OPERATION_MS,
  OPTIONS,
  statsAnswer,
  within,
} from './trouble/limits.js';
import { contents, SIZE } from './trouble/operations.js';

/** An OSD that stood still for longer takes itself for replaced, and has to be started again. */
const STANDSTILL_MS = 8000;

let ceph: CephCluster;
let storage: CephStorage;
let backend: RbdBackend;

beforeAll(async () => {
  const settings = { osd_client_watch_timeout: '2' };
  ceph = await CephCluster.start({ store: 'bluestore', bytes: 2 ** 30, pools: ['rbd', 'small'], settings });
  storage = await CephStorage.open(ceph);
  backend = await RbdBackend.start({ confFile: ceph.confFile, options: OPTIONS });
});
// What a case that fails leaves behind is not for the next one to find.
afterEach(async () => storage.clear());
afterAll(async () => {
  await within(OPERATION_MS, backend[Symbol.asyncDispose]());
  await storage[Symbol.asyncDispose]();
  await ceph[Symbol.asyncDispose]();
});

/**
 * One monitor is all there is. One that was ended and is started again on its data has all its clients connect again, as
 * they do to another one that takes its place; where none is left that they know, the configuration file has to say
 * where there is one. The mount of the OSD's file is what an OSD on another machine does with its disk.
 */
const TROUBLES: readonly Trouble[] = [
  {
    what: 'the OSD stands still',
    begin: () => ceph.pause('osd'),
    end: async (standstillMs) => {
      if (standstillMs < STANDSTILL_MS) ceph.resume('osd');
      else await restart('osd');
    },
  },
  {
    what: 'the OSD is killed, and started again',
    begin: () => ceph.stop('osd', 'SIGKILL'),
    end: async () => {
      ceph.startAgain('osd');
      await ceph.settled();
    },
  },
  {
    what: 'the monitor stands still',
    begin: () => ceph.pause('mon'),
    end: () => {
      ceph.resume('mon');
    },
  },
  {
    what: 'the monitor is ended, and started again',
    begin: () => ceph.stop('mon'),
    end: async () => {
      ceph.startAgain('mon');
      await ceph.settled();
    },
  },
];

async function restart(daemon: 'osd'): Promise<void> {
  await ceph.stop(daemon, 'SIGKILL');
  ceph.startAgain(daemon);
  await ceph.settled();
}

const CASES = TROUBLES.flatMap((trouble) => STEPS.map((step) => ({ trouble, step })));

describe('in the middle of all operations at once', () => {
  const cases = someOf(CASES, 1 / CASES.length);

  it.each(cases.map(({ trouble, step }) => [trouble.what, step, trouble] as const))(
    '%s, at step %i: each ends in time, and all goes on afterwards',
    async (_what, step, trouble) => endureInTheMiddle({ ceph, storage, backend }, trouble, step),
  );
});

/** What has a cluster of its own takes its time: one of these at a time. */
const OTHERS = someOf(['rights', 'address'], 1 / 2);
const ifTaken = (name: string): ((title: string, body: () => void) => void) =>
  OTHERS.includes(name) ? describe : () => undefined;

ifTaken('rights')('the rights of the user are taken away', () => {
  const USER = 'scoria';
  const ALL = { mon: 'profile rbd', osd: 'profile rbd pool=rbd' };
  const scene = {} as Scene;

  beforeAll(async () => {
    const settings = { osd_client_watch_timeout: '2' };
    scene.ceph = await CephCluster.start({ auth: 'cephx', store: 'bluestore', bytes: 2 ** 30, settings });
    scene.storage = await CephStorage.open(scene.ceph);
    await scene.ceph.addUser(USER, ALL);
    const options = { ...OPTIONS, rbd_user: USER, rados_connect_timeout: 5 };
    scene.backend = await RbdBackend.start({ confFile: scene.ceph.confFile, options });
  });
  afterEach(async () => scene.storage.clear());
  afterAll(async () => {
    await within(OPERATION_MS, scene.backend[Symbol.asyncDispose]());
    await scene.storage[Symbol.asyncDispose]();
    await scene.ceph[Symbol.asyncDispose]();
  });

  const left: readonly { what: string; rights: Record<string, string>; stats: DriverErrorCode | 'done' }[] = [
    { what: 'but those in another pool', rights: { ...ALL, osd: 'profile rbd pool=other' }, stats: 'failed' },
    { what: 'but to read', rights: { ...ALL, osd: 'profile rbd-read-only pool=rbd' }, stats: 'done' },
    { what: 'on the monitors too', rights: { osd: 'allow r pool=other' }, stats: 'failed' },
  ];
  it.each(someOf(left, 1 / 3).map((one) => [one.what, one] as const))(
    '%s: it is said in time who lacks what, and all goes on when they are given back',
    async (_what, { rights, stats }) => {
      const { ceph, storage, backend } = scene;
      const volume = await backend.createVolume(SIZE);
      await backend.write(volume, 0, contents(1));
      const refused: readonly (() => Promise<unknown>)[] = [
        () => backend.createVolume(SIZE),
        () => backend.clone(volume),
        () => backend.snapshot(volume),
        () => backend.extend(volume, 2 * SIZE),
        () => backend.write(volume, 0, contents(2)),
        () => backend.deleteVolume(volume),
      ];
      await ceph.setRights(USER, rights);
      try {
        await eventually(async () => expect(await statsAnswer(backend)).toBe(stats));
        for (const operation of refused) {
          const error = await failure(within(OPERATION_MS, operation()));
          expect([codeOf(error), String(error)]).toEqual([
            'failed',
            expect.stringMatching(/volume.*client\.scoria.*ceph auth/),
          ]);
        }
      } finally {
        await ceph.setRights(USER, ALL);
      }
      await eventually(async () => expect(await statsAnswer(backend)).toBe('done'));
      await eventually(async () => expect(await storage.journal()).toEqual([]));
      await eventually(async () => expect((await backend.read(volume)).equals(contents(1))).toBe(true));
      await eventually(() => backend.deleteVolume(volume));
      await eventually(async () =>
        expect([await storage.names(), await storage.journal()]).toEqual([[], []]),
      );
    },
  );
});

ifTaken('address')('the only monitor moves to another address', () => {
  const scene = {} as Scene;

  beforeAll(async () => {
    const settings = { osd_client_watch_timeout: '2' };
    scene.ceph = await CephCluster.start({ store: 'bluestore', bytes: 2 ** 30, settings });
    scene.backend = await RbdBackend.start({ confFile: scene.ceph.confFile, options: OPTIONS });
  });
  afterEach(async () => {
    await scene.storage.clear();
    await scene.storage[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await within(OPERATION_MS, scene.backend[Symbol.asyncDispose]());
    await scene.ceph[Symbol.asyncDispose]();
  });

  it.each(someOf(STEPS, 1 / 3))(
    'in the middle of all operations at once, at step %i: each ends in time, and the driver finds it by the file',
    async (step) => {
      const { ceph, backend } = scene;
      const moved: Trouble = {
        what: 'the monitor moves',
        begin: () => ceph.stop('mon'),
        end: async () => {
          await ceph.startElsewhere();
          // Who looks from outside is told where it is now.
          scene.storage = await CephStorage.open(ceph);
        },
      };
      await endureInTheMiddle(scene, moved, step);
      const volume = await backend.createVolume(SIZE);
      expect(await backend.connect(volume)).toMatchObject({
        data: { ports: expect.arrayContaining([String(ceph.ports.v2)]) as unknown },
      });
      await backend.deleteVolume(volume);
    },
  );
});

/** One of so many objects that it tells how far it is. */
it('a removal that is cut off in its middle ends in time, and is done afterwards', async () => {
  const volume = await backend.createVolume(64 * 1024 * MIB + SIZE);
  let began = 0;
  const pausing: Promise<void>[] = [];
  const onProgress = (): void => {
    if (pausing.length > 0) return;
    began = Date.now();
    pausing.push(ceph.pause('osd'));
  };
  const context = createContext({ requestId: 'req-cut', logger: backend.logger, onProgress });
  const cut = failure(within(OPERATION_MS, backend.driver.deleteVolume(context, volume)));
  try {
    expect(codeOf(await cut)).toBe('unavailable');
  } finally {
    await Promise.all(pausing);
    await TROUBLES[0]?.end(Date.now() - began);
  }
  await eventually(() => backend.deleteVolume(volume));
  await eventually(async () => expect([await storage.names(), await storage.journal()]).toEqual([[], []]));
});

it('a backend is ended in time while nobody answers', async () => {
  const other = await RbdBackend.start({ confFile: ceph.confFile, options: OPTIONS });
  const volume = await other.createVolume(SIZE);
  const began = Date.now();
  await ceph.pause('osd');
  try {
    const cut = failure(other.snapshot(volume));
    await within(OPERATION_MS, other[Symbol.asyncDispose]());
    expect(['done', ...IN_TROUBLE]).toContain(codeOf(await within(OPERATION_MS, cut)));
  } finally {
    await TROUBLES[0]?.end(Date.now() - began);
  }
  await eventually(async () => {
    await using image = await storage.pool.openImage(`volume-${volume.id}`);
    for (const { name } of await image.snapshots()) {
      await image.unprotectSnapshot(name).catch(() => undefined);
      await image.removeSnapshot(name);
    }
  });
  await eventually(() => backend.deleteVolume(volume));
  await eventually(async () => {
    const names = await storage.names();
    expect(names.filter((name) => name.includes(volume.id))).toEqual([]);
  });
});

/** Writes until it is refused. */
async function fill(target: RbdBackend, volume: Parameters<RbdBackend['write']>[0]): Promise<unknown> {
  return failure(
    withDevice(target.driver, target.context(), volume, 'read-write', async (device) => {
      for (let at = 0; at < volume.sizeBytes; at += MIB / 2) {
        await device.write(at, Buffer.alloc(MIB / 2, 1));
        await device.flush();
        await sleep(20);
      }
    }),
  );
}

describe('no room', () => {
  const fullness: readonly { what: string; begin(): Promise<unknown>; end(): Promise<unknown> }[] = [
    {
      what: 'the quota of the pool is reached',
      begin: () => ceph.ceph('osd', 'pool', 'set-quota', 'small', 'max_bytes', String(4 * MIB)),
      end: () => ceph.ceph('osd', 'pool', 'set-quota', 'small', 'max_bytes', '0'),
    },
    {
      // It is full from where its administrator says: what has been written of its file by itself is more than that.
      what: 'the cluster is full',
      begin: () => setFull('0.0001'),
      end: () => setFull('0.95'),
    },
  ];

  it.each(fullness.map((one) => [one.what, one] as const))(
    '%s: says so, and goes on when there is some',
    async (_what, full) => {
      const options = { ...OPTIONS, rbd_pool: 'small', rados_connect_timeout: 10 };
      await using small = await RbdBackend.start({ confFile: ceph.confFile, pool: 'small', options });
      await using left = await CephStorage.open(ceph, { rbd_pool: 'small' });
      const [volume, other] = [await small.createVolume(200 * MIB), await small.createVolume(SIZE)];
      await full.begin();
      try {
        expect(codeOf(await fill(small, volume))).toBe('no-space');
        for (const refused of [() => small.createVolume(SIZE), () => small.clone(volume)]) {
          expect(codeOf(await failure(within(OPERATION_MS, refused())))).toBe('no-space');
        }
        // A cluster that is full lets go of what is there; a pool at its quota does not.
        const deletion = codeOf(await failure(within(OPERATION_MS, small.deleteVolume(other))));
        expect(['done', 'no-space']).toContain(deletion);
        const { pools } = await small.driver.stats(small.context());
        expect(pools[0]?.freeBytes).toBe(0);
      } finally {
        await full.end();
      }
      await eventually(() => small.deleteVolume(volume));
      await eventually(() => small.deleteVolume(other));
      await eventually(async () => expect([await left.names(), await left.journal()]).toEqual([[], []]));
      const again = makeVolume({ sizeBytes: SIZE, status: 'available' });
      // The cluster takes a moment to notice.
      await eventually(async () => {
        await small.createVolume(SIZE, again.id);
      });
      await small.write(again, 0, contents(1));
      expect((await small.read(again)).equals(contents(1))).toBe(true);
      await small.deleteVolume(again);
    },
  );
});

/** The ratios that come before have to be below it. */
async function setFull(ratio: string): Promise<void> {
  const order = ['set-nearfull-ratio', 'set-backfillfull-ratio', 'set-full-ratio'];
  for (const setting of ratio === '0.95' ? order.reverse() : order) await ceph.ceph('osd', setting, ratio);
}
