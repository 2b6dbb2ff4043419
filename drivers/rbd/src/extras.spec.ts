import { Container, createBackend } from '@scoria/core';
import type { Backend, Volume } from '@scoria/core';
import type { RbdImage } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import type { FaultEffect } from '@scoria/librbd/simulated';
import {
  FakeLockManager,
  fakePorts,
  makeContext,
  makeSnapshot,
  makeVolume,
  MemoryLogger,
} from '@scoria/testkit';
import plugin from './index.js';
import { bindClient } from './spec-support/simulated-storage.js';
import type { ExtrasWorld } from './testing/extras-world.js';
import { EXTRAS } from './testing/extras.js';
import { IMAGES_POOL, TYPES } from './testing/images.js';

interface SimulatedExtras extends ExtrasWorld, AsyncDisposable {
  readonly client: SimulatedRbdClient;
  readonly logger: MemoryLogger;
  /** A process more. */
  beside(): Promise<SimulatedExtras>;
  /** A process more, the one before killed. */
  again(): Promise<SimulatedExtras>;
}

async function world(
  ceph: SimulatedCeph,
  options: Readonly<Record<string, unknown>> = {},
  locks = new FakeLockManager(),
): Promise<SimulatedExtras> {
  const client = new SimulatedRbdClient(ceph);
  const logger = new MemoryLogger();
  const root = new Container();
  root.load(
    fakePorts({ lockManager: locks, logger }),
    bindClient(() => client),
  );
  const configuration = { name: 'rbd', options, stateDirectory: '/state' };
  const backend: Backend = await createBackend(root, plugin, configuration);
  await backend.start(makeContext());
  const cluster = await new SimulatedRbdClient(ceph).connect({ timeoutMs: 1000 });
  return {
    client,
    logger,
    driver: backend.driver,
    cluster,
    pool: await cluster.openPool('rbd'),
    context: (signal) => makeContext(signal === undefined ? {} : { signal }),
    beside: () => world(ceph, options, locks),
    again: async () => {
      client.kill();
      return world(ceph, options, locks);
    },
    [Symbol.asyncDispose]: async () => {
      if (!client.isDead) await backend.stop(makeContext());
      await cluster.close();
    },
  };
}

async function simulated(cloneFormat: 1 | 2 = 2): Promise<SimulatedExtras> {
  return world(new SimulatedCeph({ cloneFormat, pools: ['rbd', IMAGES_POOL] }));
}

describe.each([1, 2] as const)('the RBD driver on a simulated cluster, clone format %i', (format) => {
  it.each(EXTRAS.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await using on = await simulated(format);
    await run(on);
    expect(await on.pool.images()).toEqual([]);
  });

  it('copies the data of an image whose snapshot is not protected, where clones need that', async () => {
    await using on = await simulated(format);
    await using images = await on.cluster.openPool(IMAGES_POOL);
    await images.createImage('one', { sizeBytes: 1024 });
    await using image = await images.openImage('one');
    await image.createSnapshot('snap');
    const volume = makeVolume({ sizeBytes: 1024 });
    const location = `rbd://${on.cluster.fsid}/${IMAGES_POOL}/one/snap`;
    const source = { id: 'one', diskFormat: 'raw', sizeBytes: 1024, locations: [location] };
    const made = await on.driver.cloneImage(on.context(), volume, source);
    expect(made).toEqual(format === 1 ? undefined : {});
    expect(await on.pool.images()).toHaveLength(format === 1 ? 0 : 1);
  });
});

it('the volume of somebody else is no image that can be cloned', async () => {
  await using on = await simulated();
  const theirs = makeVolume({ sizeBytes: 1024 });
  await on.driver.createVolume(on.context(), theirs);
  const snapshot = makeSnapshot({ ...theirs, status: 'available' });
  await on.driver.createSnapshot(on.context(), snapshot);
  const location = `rbd://${on.cluster.fsid}/rbd/volume-${theirs.id}/snapshot-${snapshot.id}`;
  const image = { id: 'image', diskFormat: 'raw', sizeBytes: 1024, locations: [location] };
  const volume = makeVolume({ sizeBytes: 1024 });
  expect(await on.driver.cloneImage(on.context(), volume, image)).toBeUndefined();
  expect(await on.pool.head(`volume-${volume.id}`)).toBeUndefined();
});

/** What an image is like, but for its id. */
async function shape({ pool }: ExtrasWorld, { id }: Volume): Promise<unknown> {
  await using image = await pool.openImage(`volume-${id}`, { readOnly: true });
  const { features } = await image.info();
  return [[...features].sort(), [...(await image.metadata())]];
}

const [LIMITED, , SHARED] = TYPES;
const BOTH = {
  name: 'both',
  extraSpecs: { ...SHARED!.extraSpecs },
  qosSpecs: { ...LIMITED!.qosSpecs },
};

it('another type is tried again while a client that was killed still has the lock', async () => {
  await using on = await simulated();
  const volume = makeVolume();
  await on.driver.createVolume(on.context(), volume);
  const isSwitch = ({ operation }: { operation: string }): boolean => operation === 'updateFeatures';
  on.client.faults.add({ when: isSwitch, times: 2, effect: { kind: 'fail', code: 'busy' } });
  await on.driver.retypeVolume(on.context(), { ...volume, status: 'retyping' }, BOTH);
  const whole = makeVolume({ type: BOTH });
  await on.driver.createVolume(on.context(), whole);
  expect(await shape(on, volume)).toEqual(await shape(on, whole));
});

describe('another type that fails', () => {
  const CHANGES = [1, 2, 3, 4];
  const failing = (effect: FaultEffect, number: number): [string, FaultEffect, number] => [
    `${effect.kind}${'after' in effect && effect.after ? ' after' : ''} at change ${number}`,
    effect,
    number,
  ];

  it.each(
    CHANGES.flatMap((number) => [
      failing({ kind: 'fail', code: 'failed' }, number),
      failing({ kind: 'fail', code: 'failed', after: true }, number),
    ]),
  )('is taken back: %s', async (_, effect, number) => {
    await using on = await simulated();
    const volume = makeVolume();
    await on.driver.createVolume(on.context(), volume);
    const before = await shape(on, volume);
    let left = number;
    on.client.faults.add({
      when: ({ changes, operation }) => {
        if (!changes || !/etadata|eatures/.test(operation)) return false;
        left -= 1;
        return left === 0;
      },
      effect,
    });
    const retyping = { ...volume, status: 'retyping' } as const;
    await expect(on.driver.retypeVolume(on.context(), retyping, BOTH)).rejects.toMatchObject({
      code: 'failed',
    });
    expect(await shape(on, volume)).toEqual(before);
  });

  it.each(CHANGES.flatMap((number) => (['before', 'after'] as const).map((when) => [when, number] as const)))(
    'is gone on with by the next process: killed %s change %i',
    async (when, number) => {
      const on = await simulated();
      const volume = makeVolume();
      await on.driver.createVolume(on.context(), volume);
      const before = await shape(on, volume);
      on.client.faults.dieAtChange(number, when);
      const retyping = { ...volume, status: 'retyping' } as const;
      await expect(on.driver.retypeVolume(on.context(), retyping, BOTH)).rejects.toThrow();
      await using next = await on.again();
      await next.driver.retypeVolume(next.context(), retyping, BOTH);
      const whole = makeVolume({ type: BOTH });
      await next.driver.createVolume(next.context(), whole);
      expect(await shape(next, volume)).toEqual(await shape(next, whole));
      await next.driver.retypeVolume(next.context(), retyping, undefined);
      expect(await shape(next, volume)).toEqual(before);
    },
  );
});

it.each(['setMetadata', 'updateFeatures', 'openImage'])(
  'a new volume whose type cannot be made (%s) leaves nothing',
  async (operation) => {
    await using on = await simulated();
    on.client.faults.add({
      when: (call) => call.operation === operation,
      effect: { kind: 'fail', code: 'failed' },
    });
    const volume = makeVolume({ type: BOTH });
    await expect(on.driver.createVolume(on.context(), volume)).rejects.toMatchObject({ code: 'failed' });
    expect(await on.pool.images()).toEqual([]);
  },
);

it('a plan names what a type asks for', async () => {
  await using on = await simulated();
  const volume = makeVolume({ type: BOTH });
  const steps = await on.driver.planOf(on.context(), { operation: 'create-volume', volume });
  expect(steps.at(-1)).toBe(`give volume-${volume.id} the limits and features of its type`);
});

describe('what was opened before a volume was flattened', () => {
  function failFlattening({ client }: SimulatedExtras): void {
    client.faults.add({
      when: ({ operation }) => operation === 'flatten',
      effect: { kind: 'fail', code: 'failed' },
    });
  }

  async function isGivenUp({ logger }: SimulatedExtras, { id }: Volume): Promise<boolean> {
    const start = `volume-${id} could not be flattened`;
    return Promise.resolve(logger.lines.some(({ message }) => message.startsWith(start)));
  }

  /** A volume whose flattening is queued, and fails in this process; and what it was cloned from. */
  async function unflattened(): Promise<{ on: SimulatedExtras; volume: Volume; source: Volume }> {
    const ceph = new SimulatedCeph({ cloneFormat: 1 });
    const on = await world(ceph, { rbd_max_clone_depth: 1 });
    failFlattening(on);
    const [oldest, middle, volume] = [makeVolume(), makeVolume(), makeVolume()];
    await on.driver.createVolume(on.context(), oldest);
    await on.driver.createClonedVolume(on.context(), middle, { ...oldest, status: 'available' });
    await on.driver.createClonedVolume(on.context(), volume, { ...middle, status: 'available' });
    await until(() => isGivenUp(on, volume));
    const available = { status: 'available' } as const;
    return { on, volume: { ...volume, ...available }, source: { ...middle, ...available } };
  }

  /** As Cinder's driver clones, which has another depth in mind. */
  async function cloneOfCinder({ pool }: SimulatedExtras, { id }: Volume): Promise<RbdImage> {
    const clone = makeVolume();
    const [parentImage, parentSnapshot] = [`volume-${id}`, `volume-${clone.id}.clone_snap`];
    {
      await using parent = await pool.openImage(parentImage);
      await parent.createSnapshot(parentSnapshot);
      await parent.protectSnapshot(parentSnapshot);
    }
    await pool.cloneImage(`volume-${clone.id}`, { parentImage, parentSnapshot });
    return pool.openImage(`volume-${clone.id}`);
  }

  /** Of what the volume was cloned from. */
  async function isKept({ pool }: ExtrasWorld, { id }: Volume): Promise<boolean> {
    const found = await Promise.all(
      (await pool.images()).map(async ({ name }) => {
        await using image = await pool.openImage(name, { readOnly: true });
        return (await image.snapshots()).some((snapshot) => snapshot.name === `volume-${id}.clone_snap`);
      }),
    );
    return found.includes(true);
  }

  async function isFlat({ pool }: ExtrasWorld, { id }: Volume): Promise<boolean> {
    await using image = await pool.openImage(`volume-${id}`, { readOnly: true });
    return (await image.parent()) === undefined;
  }

  async function until(what: () => Promise<boolean>): Promise<void> {
    while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const OPENED: Record<string, (on: SimulatedExtras, volume: Volume) => Promise<AsyncDisposable>> = {
    'a clone that a guest has': async (on, volume) => {
      const snapshot = makeSnapshot(volume);
      await on.driver.createSnapshot(on.context(), snapshot);
      const clone = makeVolume();
      await on.driver.createVolumeFromSnapshot(on.context(), clone, snapshot);
      return on.pool.openImage(`volume-${clone.id}`);
    },
    'a clone of a clone that is read': async (on, volume) => {
      const clones = [makeVolume(), makeVolume()] as const;
      let source = volume;
      for (const clone of clones) {
        const snapshot = makeSnapshot(source);
        await on.driver.createSnapshot(on.context(), snapshot);
        await on.driver.createVolumeFromSnapshot(on.context(), clone, snapshot);
        source = { ...clone, status: 'available' };
      }
      return on.driver.openDevice(on.context(), { kind: 'volume', volume: source }, 'read-only');
    },
    'a snapshot of it': async (on, volume) => {
      const snapshot = makeSnapshot(volume);
      await on.driver.createSnapshot(on.context(), snapshot);
      return on.driver.openDevice(on.context(), { kind: 'snapshot', snapshot }, 'read-only');
    },
    'a backup of it': async (on, volume) =>
      on.driver.openBackup(on.context(), volume, {
        id: 'ba0c4b00-0000-4000-8000-000000000001',
        createdAt: '2026-01-01T00:00:00Z',
      }),
  };

  it.each(Object.entries(OPENED))('keeps what it reads from until it is closed: %s', async (_, open) => {
    const { on, volume } = await unflattened();
    const reader = await open(on, volume);
    await using next = await on.beside();
    await until(() => isFlat(next, volume));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await isKept(next, volume)).toBe(true);
    await reader[Symbol.asyncDispose]();
    await until(async () => !(await isKept(next, volume)));
    await on[Symbol.asyncDispose]();
  });

  it.each(['volume', 'source'] as const)('keeps it also where the %s is deleted meanwhile', async (which) => {
    const all = await unflattened();
    const { on, volume } = all;
    const reader = await cloneOfCinder(on, volume);
    await using next = await on.beside();
    await until(() => isFlat(next, volume));
    await next.driver.deleteVolume(next.context(), all[which]);
    await next.driver.deleteVolume(next.context(), all[which]);
    // Longer than until it is looked at again.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await isKept(next, volume)).toBe(true);
    await reader.close();
    await until(async () => !(await isKept(next, volume)));
    const images = (await next.pool.images()).map(({ name }) => name);
    expect(images.includes(`volume-${all.source.id}.deleted`)).toBe(false);
    await on[Symbol.asyncDispose]();
  });

  it('keeps a snapshot of a user’s, whose delete is refused until it is closed', async () => {
    const on = await world(new SimulatedCeph(), { rbd_flatten_volume_from_snapshot: true });
    const [source, volume] = [makeVolume(), makeVolume()];
    await on.driver.createVolume(on.context(), source);
    const snapshot = makeSnapshot({ ...source, status: 'available' });
    await on.driver.createSnapshot(on.context(), snapshot);
    failFlattening(on);
    await on.driver.createVolumeFromSnapshot(on.context(), volume, snapshot);
    await until(() => isGivenUp(on, volume));
    const reader = await cloneOfCinder(on, volume);
    await using next = await on.beside();
    await until(() => isFlat(next, volume));
    const remove = async (): Promise<void> => next.driver.deleteSnapshot(next.context(), snapshot);
    await expect(remove()).rejects.toMatchObject({ code: 'snapshot-busy' });
    const planned = next.driver.planOf(next.context(), { operation: 'delete-snapshot', snapshot });
    await expect(planned).rejects.toMatchObject({ code: 'snapshot-busy' });
    await reader.close();
    await remove();
    await on[Symbol.asyncDispose]();
  });
});
