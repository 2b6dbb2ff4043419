import type { Capability, DriverPlugin } from '@scoria/core';
import { GIB } from '@scoria/core';
import type { AttachmentRecord } from '@scoria/store';
import { plainMemoryPlugin } from '@scoria/testkit';
import { PlanService } from '../views/plan-service.js';
import { madeSnapshot, madeType, madeVolume, outcome } from './spec-support/acting.js';
import { onlinePlugin } from './spec-support/online-driver.js';
import type { OperationProcess, Trouble } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

const connector = { host: 'node-1', initiator: 'iqn.1' };
const MONITOR = '/run/guest.sock';

interface Scene extends AsyncDisposable {
  readonly stage: OperationStage;
  readonly process: OperationProcess;
  readonly volume: string;
  readonly attachment: string;
  /** What the driver was told since the volume was attached. */
  readonly told: string[];
}

/** A volume that a guest has. */
async function inUse(without: readonly Capability[] = [], other?: DriverPlugin): Promise<Scene> {
  const told: string[] = [];
  const plugin = other ?? onlinePlugin(told, without);
  const stage = await OperationStage.open({ plugins: { one: plugin, two: plugin } });
  const process = await stage.process();
  const volume = await madeVolume(process);
  const attached = await process.attachments.attach(CALLER, {
    volume,
    connector,
    monitor: MONITOR,
    device: '/dev/vdb',
  });
  await attached.done;
  told.length = 0;
  const dispose = async (): Promise<void> => stage[Symbol.asyncDispose]();
  return { stage, process, volume, attachment: attached.initial.id, told, [Symbol.asyncDispose]: dispose };
}

async function attachmentOf({ stage, attachment }: Scene): Promise<AttachmentRecord> {
  const found = await stage.store.getAttachment(attachment);
  if (found === undefined) throw new Error('the attachment is gone');
  return found;
}

/** The file that the guest is recorded to open. */
async function fileOf(scene: Scene): Promise<unknown> {
  const { connectionInfo } = await attachmentOf(scene);
  return (connectionInfo?.data as { file: string } | undefined)?.file;
}

async function snapshotIds({ stage }: Scene): Promise<string[]> {
  return (await stage.store.listSnapshots()).map(({ id }) => id);
}

describe('a driver is told which guests have a volume in use', () => {
  interface Told {
    readonly what: string;
    readonly work: (scene: Scene) => Promise<{ done: Promise<unknown> }>;
    readonly told: readonly string[];
  }
  const again = `initializeConnection in-use ${MONITOR}`;
  const CASES: readonly Told[] = [
    {
      what: 'a snapshot',
      work: ({ process, volume }) => process.snapshots.create(CALLER, { volume, name: 'one' }),
      told: [`createSnapshot in-use ${MONITOR}`, again],
    },
    {
      what: 'the deletion of a snapshot',
      work: async ({ process, volume, told }) => {
        await madeSnapshot(process, volume);
        told.length = 0;
        return process.snapshots.delete(CALLER, 'before');
      },
      told: [`deleteSnapshot in-use ${MONITOR}`, again],
    },
    {
      what: 'a clone',
      work: ({ process, volume }) => process.volumes.create(CALLER, { name: 'copy', fromVolume: volume }),
      told: [`createClonedVolume in-use ${MONITOR}`, again],
    },
    {
      what: 'an extension',
      work: ({ process, volume }) => process.volumes.extend(CALLER, volume, 2 * GIB),
      told: [`extendVolume in-use ${MONITOR}`],
    },
    {
      what: 'a volume of a snapshot',
      work: async ({ process, volume, told }) => {
        await madeSnapshot(process, volume);
        told.length = 0;
        return process.volumes.create(CALLER, { name: 'copy', fromSnapshot: 'before' });
      },
      told: [`createVolumeFromSnapshot in-use ${MONITOR}`],
    },
    {
      what: 'a connection',
      work: ({ process, volume }) =>
        Promise.resolve({ done: process.attachments.connect(CALLER, volume, connector) }),
      told: [again],
    },
  ];

  it.each(CASES)('for $what', async ({ work, told }) => {
    await using scene = await inUse();
    expect(await outcome(work(scene))).toBe('done');
    expect(scene.told).toEqual(told);
    expect((await scene.process.volumes.get(CALLER, scene.volume)).status).toBe('in-use');
  });

  it('and of a volume that is available nothing is looked up for it', async () => {
    await using scene = await inUse();
    const { process, stage, told } = scene;
    const list = stage.store.listAttachments;
    const looked: (string | undefined)[] = [];
    stage.store.listAttachments = async (volume) => {
      looked.push(volume);
      return list(volume);
    };
    const { done } = await process.volumes.create(CALLER, { name: 'quiet', sizeBytes: GIB, backend: 'one' });
    const { id: volume } = await done;
    await madeSnapshot(process, volume);
    expect(await outcome(process.volumes.extend(CALLER, volume, 2 * GIB))).toBe('done');
    expect(await outcome(process.volumes.create(CALLER, { name: 'copy', fromVolume: volume }))).toBe('done');
    expect(await outcome(process.snapshots.delete(CALLER, 'before'))).toBe('done');
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('done');
    expect(looked).toEqual([]);
    expect(told).toEqual([
      'createSnapshot available -',
      'extendVolume extending -',
      'createClonedVolume available -',
      'deleteSnapshot available -',
    ]);
  });
});

describe('how a guest reaches its volume', () => {
  it('is recorded anew after a snapshot and after its deletion', async () => {
    await using scene = await inUse();
    const { process, volume } = scene;
    expect(await fileOf(scene)).toBe('base');
    const first = await madeSnapshot(process, volume, 'first');
    expect(await fileOf(scene)).toBe(first);
    const second = await madeSnapshot(process, volume, 'second');
    expect(await fileOf(scene)).toBe(second);
    expect(await outcome(process.snapshots.delete(CALLER, second))).toBe('done');
    expect(await fileOf(scene)).toBe(first);
    expect(await outcome(process.snapshots.delete(CALLER, first))).toBe('done');
    expect(await fileOf(scene)).toBe('base');
  });

  const TROUBLES: readonly (Trouble & { readonly snapshots: readonly string[]; readonly file: string })[] = [
    { method: 'createSnapshot', when: 'before', code: 'unavailable', snapshots: ['error'], file: 'base' },
    { method: 'createSnapshot', when: 'after', code: 'failed', snapshots: ['error'], file: 'base' },
    { method: 'createSnapshot', when: 'after', code: 'cancelled', snapshots: ['error'], file: 'base' },
  ];

  it.each(TROUBLES)('is right after $method said $code, $when its work', async (one) => {
    await using scene = await inUse();
    const { process, volume } = scene;
    process.troubles.push(one);
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'one' }))).not.toBe('done');
    const snapshots = await scene.stage.store.listSnapshots();
    expect(snapshots.map(({ status }) => status)).toEqual(one.snapshots);
    expect(await fileOf(scene)).toBe(one.file);
  });

  it.each([
    ['before', 'first'],
    ['after', 'base'],
  ] as const)('is right after a deletion that failed %s its work', async (when, file) => {
    await using scene = await inUse();
    const { process, volume } = scene;
    const first = await madeSnapshot(process, volume, 'first');
    process.troubles.push({ method: 'deleteSnapshot', when, code: 'failed' });
    expect(await outcome(process.snapshots.delete(CALLER, first))).not.toBe('done');
    expect((await process.snapshots.get(CALLER, first)).status).toBe('error_deleting');
    expect(await fileOf(scene)).toBe(file === 'first' ? first : file);
    expect(await outcome(process.snapshots.delete(CALLER, first))).toBe('done');
    expect(await fileOf(scene)).toBe('base');
  });

  it('is asked for again after a clone that failed', async () => {
    await using scene = await inUse();
    const { process, volume, told } = scene;
    process.troubles.push({ method: 'createClonedVolume', when: 'after', code: 'failed' });
    expect(await outcome(process.volumes.create(CALLER, { name: 'copy', fromVolume: volume }))).not.toBe(
      'done',
    );
    expect(told).toEqual([`createClonedVolume in-use ${MONITOR}`, `initializeConnection in-use ${MONITOR}`]);
  });

  it('is not needed for a copy: a guest that cannot be asked is the reason that is told', async () => {
    await using scene = await inUse();
    const { process, stage } = scene;
    process.troubles.push({ method: 'createClonedVolume', when: 'before', code: 'not-supported' });
    await expect((await clone(scene)).done).rejects.toThrow('createClonedVolume said not-supported');
    expect((await stage.store.listVolumes()).map(({ status }) => status).sort()).toEqual(['error', 'in-use']);
    expect(stage.array('one').names()).toEqual([
      `volume-${scene.volume}`,
      `volume-${scene.volume} for node-1`,
    ]);
  });

  it('is not known where it cannot be asked for: the snapshot is there all the same', async () => {
    await using scene = await inUse();
    const { process, volume } = scene;
    process.troubles.push({ method: 'initializeConnection', when: 'before', code: 'unavailable' });
    const { initial, done } = await process.snapshots.create(CALLER, { volume, name: 'first' });
    expect(await done).toMatchObject({ status: 'available' });
    expect((await attachmentOf(scene)).connectionInfo).toBeUndefined();
    expect(await process.attachments.connect(CALLER, volume, connector)).toMatchObject({
      data: { file: initial.id },
    });
    const second = await madeSnapshot(process, volume, 'second');
    expect(await fileOf(scene)).toBe(second);
  });

  it('is recorded also where the operation was cancelled when it had been done', async () => {
    await using scene = await inUse();
    const { process, volume } = scene;
    const cancel = new AbortController();
    const { stage } = scene;
    const get = stage.store.getVolume;
    // The first look at the volume that comes after the driver's work.
    stage.store.getVolume = async (id) => {
      if (scene.told.length > 0) cancel.abort();
      return get(id);
    };
    const caller = { ...CALLER, signal: cancel.signal };
    const { initial, done } = await process.snapshots.create(caller, { volume, name: 'first' });
    expect(await done).toMatchObject({ status: 'available' });
    expect(cancel.signal.aborted).toBe(true);
    expect(await fileOf(scene)).toBe(initial.id);
  });
});

interface Death {
  readonly method: string;
  readonly when: 'before' | 'after';
  readonly begin: (scene: Scene, first: string) => Promise<unknown>;
  /** The snapshots that are left, by name, and the file of the guest. */
  readonly then: { readonly snapshots: readonly string[]; readonly file: string };
}

type Begun = Promise<{ done: Promise<unknown> }>;
const create = ({ process, volume }: Scene): Begun =>
  process.snapshots.create(CALLER, { volume, name: 'second' });
const remove = ({ process }: Scene, first: string): Begun => process.snapshots.delete(CALLER, first);
const clone = ({ process, volume }: Scene): Begun =>
  process.volumes.create(CALLER, { name: 'copy', fromVolume: volume });

const TAKEN_BACK = { snapshots: ['first available', 'second error'], file: 'first' };
const GONE = { snapshots: [], file: 'base' };
const AS_BEFORE = { snapshots: ['first available'], file: 'first' };
const DEATHS: readonly Death[] = [
  ...(['before', 'after'] as const).flatMap((when): Death[] => [
    { method: 'createSnapshot', when, begin: create, then: TAKEN_BACK },
    { method: 'initializeConnection', when, begin: create, then: TAKEN_BACK },
    { method: 'deleteSnapshot', when, begin: remove, then: GONE },
    { method: 'initializeConnection', when, begin: remove, then: GONE },
    { method: 'createClonedVolume', when, begin: clone, then: AS_BEFORE },
    { method: 'initializeConnection', when, begin: clone, then: AS_BEFORE },
  ]),
];

describe('an operation on a volume in use, whose process is killed', () => {
  it.each(DEATHS)('$when $method: $begin.name', async ({ method, when, begin, then }) => {
    await using scene = await inUse();
    const { process, stage, volume } = scene;
    const first = await madeSnapshot(process, volume, 'first');
    process.troubles.push({ method, when });
    begin(scene, first).catch(() => undefined);
    await process.stuck;
    await process.kill();
    const other = await stage.process();
    await other.recover();
    expect(await stage.store.listOperations({ outcome: 'running' })).toEqual([]);
    const snapshots = (await stage.store.listSnapshots()).map(({ name, status }) => `${name} ${status}`);
    expect(snapshots.sort()).toEqual(then.snapshots);
    expect(await fileOf(scene)).toBe(then.file === 'first' ? first : then.file);
    expect(await attachmentOf(scene)).toMatchObject({ status: 'attached' });
    expect((await other.volumes.get(CALLER, volume)).status).toBe('in-use');
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual(rows);
  });
});

describe('attaching and detaching', () => {
  it.each(['createSnapshot', 'deleteSnapshot', 'createClonedVolume'])(
    'are refused while %s is at work on the volume',
    async (method) => {
      await using scene = await inUse();
      const { process, volume, attachment } = scene;
      const first = await madeSnapshot(process, volume, 'first');
      process.troubles.push({ method, when: 'before' });
      const begin = method === 'createSnapshot' ? create : method === 'deleteSnapshot' ? remove : clone;
      begin(scene, first).catch(() => undefined);
      await process.stuck;
      expect(await outcome(process.attachments.detach(CALLER, attachment))).toBe('conflict');
      expect(await attachmentOf(scene)).toMatchObject({ status: 'attached' });
    },
  );

  it('keep snapshots, their deletion and clones out', async () => {
    await using scene = await inUse();
    const { process, volume, attachment } = scene;
    const first = await madeSnapshot(process, volume, 'first');
    process.troubles.push({ method: 'terminateConnection', when: 'before' });
    await process.attachments.detach(CALLER, attachment);
    await process.stuck;
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'second' }))).toBe('conflict');
    expect(await outcome(process.snapshots.delete(CALLER, first))).toBe('conflict');
    expect(await outcome(process.volumes.create(CALLER, { name: 'copy', fromVolume: volume }))).toBe(
      'conflict',
    );
    expect(await snapshotIds(scene)).toEqual([first]);
  });

  it.each([
    ['relative.sock', 'relative'],
    ['/run/\0', 'NUL'],
    [`/${'ö'.repeat(54)}`, 'at most 107 bytes, and this one has 109'],
    [7, 'no text'],
  ])('take no monitor such as %j', async (monitor, problem) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const request = { volume, connector, monitor: monitor as string };
    await expect(process.attachments.attach(CALLER, request)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining(problem) as unknown,
    });
    const longest = `/${'ö'.repeat(53)}`;
    const { done } = await process.attachments.attach(CALLER, { volume, connector, monitor: longest });
    expect(await done).toMatchObject({ monitor: longest, status: 'attached' });
  });
});

describe('what cannot be done to a volume in use', () => {
  type Work = (scene: Scene, snapshot: string) => Promise<unknown>;
  const WORKS: Readonly<Record<string, Work>> = {
    delete: ({ process, volume }) => process.volumes.delete(CALLER, volume, { cascade: true }),
    revert: ({ process, volume }, snapshot) => process.volumes.revert(CALLER, volume, snapshot),
    migrate: ({ process, volume }) => process.volumes.migrate(CALLER, volume, 'two'),
    unmanage: ({ process, volume }) => process.managing.unmanage(CALLER, volume),
    export: ({ process, volume }) =>
      process.data.useVolume(CALLER, volume, 'read-only', () => Promise.resolve()),
    import: ({ process, volume }) =>
      process.data.useVolume(CALLER, volume, 'read-write', () => Promise.resolve()),
    attach: ({ process, volume }) => process.attachments.attach(CALLER, { volume, connector }),
    'retype for several guests': async ({ process, volume, stage }) => {
      await madeType(stage, 'shared', { multiattach: '<is> True' });
      return process.volumes.retype(CALLER, volume, 'shared');
    },
    'retype that moves': async ({ process, volume, stage }) => {
      await madeType(stage, 'far', { volume_backend_name: 'two' });
      return process.volumes.retype(CALLER, volume, 'far', { migrationPolicy: 'on-demand' });
    },
  };

  it.each(Object.keys(WORKS))('%s says who has it, and how it is detached', async (name) => {
    await using scene = await inUse();
    const { process, volume, attachment } = scene;
    const snapshot = await madeSnapshot(process, volume);
    await expect(WORKS[name]?.(scene, snapshot)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `volume ${volume} is in-use, attached to host node-1 as /dev/vdb (attachment ${attachment}); ` +
          `detach it first: scoria volume detach ${volume} ${attachment}`,
      ) as unknown,
    });
    expect((await process.volumes.get(CALLER, volume)).status).toBe('in-use');
  });

  it.each([
    ['create-snapshot', 'onlineSnapshot', create],
    ['clone', 'onlineSnapshot', clone],
    [
      'extend',
      'onlineExtend',
      ({ process, volume }: Scene) => process.volumes.extend(CALLER, volume, 2 * GIB),
    ],
  ] as const)('%s says that the driver has not %s', async (_, capability, work) => {
    await using scene = await inUse([capability]);
    await expect(work(scene)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        new RegExp(`backend one cannot do that .* '${capability}'; detach it first: scoria volume detach `),
      ) as unknown,
    });
    expect(scene.told).toEqual([]);
    expect(await snapshotIds(scene)).toEqual([]);
  });

  it('retype says that the driver cannot', async () => {
    await using scene = await inUse([], plainMemoryPlugin);
    const { process, volume, stage } = scene;
    await madeType(stage, 'gold');
    await expect(process.volumes.retype(CALLER, volume, 'gold')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining("'retype'; detach it first: scoria volume detach ") as unknown,
    });
  });

  it('is known without its backend, where no driver could', async () => {
    await using scene = await inUse();
    scene.process.down.add('one');
    expect(await outcome(scene.process.volumes.delete(CALLER, scene.volume))).toBe('conflict');
    expect(await outcome(scene.process.snapshots.create(CALLER, { volume: scene.volume, name: 'one' }))).toBe(
      'backend-down',
    );
  });

  it('a copy that its backend cannot make is refused, and nothing of it is there', async () => {
    await using scene = await inUse([], { ...plainMemoryPlugin, capabilities: ['onlineSnapshot'] });
    const { process, volume, stage } = scene;
    await expect(clone(scene)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('take a snapshot of it, and make the volume of that') as unknown,
    });
    expect((await stage.store.listVolumes()).map(({ id }) => id)).toEqual([volume]);
    expect((await stage.quota()).counted).toMatchObject({ volumes: 1 });
    await madeSnapshot(process, volume);
    expect(await outcome(process.volumes.create(CALLER, { name: 'copy', fromSnapshot: 'before' }))).toBe(
      'done',
    );
  });

  it('a guest may still have a volume that is in error: it is not deleted or let go', async () => {
    await using scene = await inUse();
    const { process, volume, attachment, stage } = scene;
    await stage.store.changeVolume(volume, ['in-use'], { status: 'error' });
    for (const work of [process.volumes.delete(CALLER, volume), process.managing.unmanage(CALLER, volume)])
      await expect(work).rejects.toMatchObject({
        code: 'has-dependents',
        message: expect.stringContaining(`scoria volume detach ${volume} ${attachment}`) as unknown,
        details: { blockers: [attachment] },
      });
    expect(stage.array('one').names()).toEqual([`volume-${volume}`, `volume-${volume} for node-1`]);
    expect(await process.volumes.reset(CALLER, volume)).toMatchObject({ status: 'in-use' });
    expect(await outcome(process.attachments.detach(CALLER, attachment))).toBe('done');
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('done');
  });
});

describe('the plan of an operation on a volume in use', () => {
  const AGAIN = 'ask how its guest reaches the volume now, and record it';

  it('says that the guest is asked for again, and goes ahead', async () => {
    await using scene = await inUse();
    const { process, volume } = scene;
    const plans = process.container.get(PlanService);
    await madeSnapshot(process, volume);
    for (const plan of [
      await plans.createSnapshot(CALLER, { volume, name: 'one' }),
      await plans.deleteSnapshot(CALLER, 'before'),
    ])
      expect(plan).toMatchObject({ problems: [], steps: expect.arrayContaining([AGAIN]) as unknown });
    const extension = await plans.extendVolume(CALLER, volume, 2 * GIB);
    expect(extension).toMatchObject({ problems: [] });
    expect(extension.steps.at(-1)).toBe('record it as in-use, with 2 GiB');
  });

  it('has the problems that the operation would have', async () => {
    await using scene = await inUse(['onlineSnapshot']);
    const { process, volume } = scene;
    const plans = process.container.get(PlanService);
    for (const { problems } of [
      await plans.createSnapshot(CALLER, { volume, name: 'one' }),
      await plans.createVolume(CALLER, { name: 'copy', fromVolume: volume }),
      await plans.deleteVolume(CALLER, volume),
    ])
      expect(problems).toEqual([expect.stringContaining(`scoria volume detach ${volume} `)]);
  });
});
