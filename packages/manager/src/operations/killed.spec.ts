import { GIB } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { madeSnapshot, madeVolume, outcome, read, write } from './spec-support/acting.js';
import type { OperationProcess } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

interface Scene {
  readonly process: OperationProcess;
  readonly volume: string;
  readonly snapshot: string;
}

interface Killed {
  readonly kind: string;
  /** The call of the driver that the process dies at. */
  readonly method: string;
  readonly backend?: string;
  readonly begin: (scene: Scene) => Promise<unknown>;
  /** What has to be there when another process has dealt with it. */
  readonly then: Readonly<Record<string, unknown>>;
}

const connector = { host: 'node-1', initiator: 'iqn.1' };

const CASES: readonly Killed[] = [
  {
    kind: 'create-volume',
    method: 'createVolume',
    begin: ({ process }) => process.volumes.create(CALLER, { name: 'new', sizeBytes: GIB }),
    then: { data: 'available', new: 'error', snapshots: ['available'] },
  },
  {
    kind: 'create-volume, a clone that is copied',
    method: 'openDevice',
    backend: 'two',
    begin: ({ process, volume }) =>
      process.volumes.create(CALLER, { name: 'new', fromVolume: volume, backend: 'two' }),
    then: { data: 'available', new: 'error', snapshots: ['available'] },
  },
  {
    kind: 'delete-volume, in a cascade',
    method: 'deleteSnapshot',
    begin: ({ process, volume }) => process.volumes.delete(CALLER, volume, { cascade: true }),
    then: { snapshots: [] },
  },
  {
    kind: 'delete-volume, at its end',
    method: 'deleteVolume',
    begin: ({ process, volume }) => process.volumes.delete(CALLER, volume, { cascade: true }),
    then: { snapshots: [] },
  },
  {
    kind: 'extend-volume',
    method: 'extendVolume',
    begin: ({ process, volume }) => process.volumes.extend(CALLER, volume, 2 * GIB),
    then: { data: 'available', sizeBytes: 2 * GIB, snapshots: ['available'] },
  },
  {
    kind: 'create-snapshot',
    method: 'createSnapshot',
    begin: ({ process, volume }) => process.snapshots.create(CALLER, { volume, name: 'second' }),
    then: { data: 'available', snapshots: ['available', 'error'] },
  },
  {
    kind: 'delete-snapshot',
    method: 'deleteSnapshot',
    begin: ({ process, snapshot }) => process.snapshots.delete(CALLER, snapshot),
    then: { data: 'available', snapshots: [] },
  },
  {
    kind: 'revert-volume',
    method: 'revertToSnapshot',
    begin: ({ process, volume, snapshot }) => process.volumes.revert(CALLER, volume, snapshot),
    then: { data: 'available', text: 'first', snapshots: ['available'] },
  },
  {
    kind: 'attach-volume',
    method: 'initializeConnection',
    begin: ({ process, volume }) => process.attachments.attach(CALLER, { volume, connector }),
    then: { data: 'available', attachments: [], snapshots: ['available'] },
  },
  {
    kind: 'detach-volume',
    method: 'terminateConnection',
    begin: async ({ process, volume }) => {
      const { initial, done } = await process.attachments.attach(CALLER, { volume, connector });
      await done;
      return process.attachments.detach(CALLER, initial.id);
    },
    then: { data: 'available', attachments: [], snapshots: ['available'] },
  },
  {
    kind: 'export-data',
    method: 'openDevice',
    begin: async ({ process, volume }) =>
      process.data.useVolume(CALLER, volume, 'read-only', async () => Promise.resolve()),
    then: { data: 'available', text: 'second', snapshots: ['available'] },
  },
  {
    kind: 'import-data',
    method: 'openDevice',
    begin: async ({ process, volume }) =>
      process.data.useVolume(CALLER, volume, 'read-write', async () => Promise.resolve()),
    then: { data: 'error', snapshots: ['available'] },
  },
  {
    kind: 'unmanage-volume',
    method: 'unmanage',
    begin: async ({ process, volume, snapshot }) => {
      await (
        await process.snapshots.delete(CALLER, snapshot)
      ).done;
      return process.managing.unmanage(CALLER, volume);
    },
    then: { snapshots: [] },
  },
];

async function rowsOf(
  stage: OperationStage,
): Promise<{ volumes: VolumeRecord[]; snapshots: SnapshotRecord[] }> {
  return { volumes: await stage.store.listVolumes(), snapshots: await stage.store.listSnapshots() };
}

async function found(stage: OperationStage, process: OperationProcess, expected: object): Promise<object> {
  const { volumes, snapshots } = await rowsOf(stage);
  const data = volumes.find(({ name }) => name === 'data');
  return {
    ...Object.fromEntries(volumes.map(({ name, status }) => [name, status])),
    snapshots: snapshots.map(({ status }) => status).sort(),
    ...('sizeBytes' in expected ? { sizeBytes: data?.sizeBytes } : {}),
    ...('attachments' in expected ? { attachments: await stage.store.listAttachments() } : {}),
    ...('text' in expected ? { text: await read(process, 'data') } : {}),
  };
}

const POINTS = CASES.flatMap((one) => (['before', 'after'] as const).map((when) => ({ ...one, when })));

describe('an operation whose process is killed', () => {
  it.each(POINTS)('$when $method of $kind', async ({ method, backend, begin, then, when }) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'first');
    const snapshot = await madeSnapshot(process, volume);
    await write(process, volume, 'second');
    process.troubles.push({ method, when, ...(backend === undefined ? {} : { backend }) });
    begin({ process, volume, snapshot }).catch(() => undefined);
    await process.stuck;
    const other = await stage.process();
    await other.recover();
    expect(await stage.store.listOperations({ outcome: 'running' })).toHaveLength(1);
    await process.kill();
    await other.recover();
    expect(await stage.store.listOperations({ outcome: 'running' })).toEqual([]);
    expect(await found(stage, other, then)).toEqual(then);
    await expectSameOnBackends(stage);
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual(rows);
  });
});

/** Nothing is on the backends that the records do not know, but for what was let go. */
async function expectSameOnBackends(stage: OperationStage): Promise<void> {
  const { volumes, snapshots } = await rowsOf(stage);
  const kinds = (await stage.store.listOperations()).map(({ kind }) => kind);
  const known = ['one', 'two'].map((backend) =>
    volumes
      .filter((one) => one.backend === backend && one.status !== 'error')
      .flatMap(({ id }) => [
        `volume-${id}`,
        ...snapshots
          .filter(({ volumeId, status }) => volumeId === id && status === 'available')
          .map((one) => `volume-${id}@${one.id}`),
      ]),
  );
  if (
    kinds.includes('unmanage-volume') ||
    volumes.some(({ name, status }) => name === 'data' && status === 'error')
  )
    return;
  expect(['one', 'two'].map((backend) => stage.array(backend).names())).toEqual(known);
}

describe('a move whose process is killed', () => {
  it.each([
    ['createVolume', 'before', 'two', 'one', 'failed'],
    ['createVolume', 'after', 'two', 'one', 'failed'],
    ['openDevice', 'before', 'two', 'one', 'failed'],
    ['openDevice', 'after', 'two', 'one', 'failed'],
    ['deleteVolume', 'before', 'one', 'two', 'succeeded'],
    ['deleteVolume', 'after', 'one', 'two', 'succeeded'],
  ] as const)('%s, %s, on %s: the volume is on %s', async (method, when, backend, expected, ending) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    process.troubles.push({ method, when, backend });
    await process.volumes.migrate(CALLER, volume, 'two');
    await process.stuck;
    await process.kill();
    const other = await stage.process();
    await other.recover();
    const [only, ...more] = await stage.store.listVolumes();
    expect(more).toEqual([]);
    expect(only).toMatchObject({ id: volume, status: 'available', backend: expected });
    expect(await read(other, volume)).toBe('kept');
    const [operation] = await stage.store.listOperations({ resourceId: volume, outcome: ending });
    expect(operation?.outcome ?? (await stage.store.listOperations({ outcome: ending }))[0]?.outcome).toBe(
      ending,
    );
    expect(['one', 'two'].map((name) => stage.array(name).names().length)).toEqual(
      expected === 'one' ? [1, 0] : [0, 1],
    );
    expect(await outcome(other.volumes.delete(CALLER, volume))).toBe('done');
    expect(stage.array(expected).names()).toEqual([]);
  });
});
