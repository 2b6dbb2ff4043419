import type { DriverErrorCode } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import { building, SparseBytes } from '@scoria/testkit';
import { OperationSubmitter } from '../views/operation-submitter.js';
import { AdoptVolume } from './adopt-volume.js';
import { CODES, madeSnapshot, madeVolume, outcome, read, write } from './spec-support/acting.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

const connector = { host: 'node-1', initiator: 'iqn.1' };
const OTHER = { projectId: 'other' };
const HARMLESS: readonly DriverErrorCode[] = ['invalid-input', 'invalid-state', 'not-supported'];

async function expectQuotaRight(stage: OperationStage): Promise<void> {
  const { counted, rows } = await stage.quota();
  expect(counted).toEqual(rows);
}

describe('snapshots', () => {
  it('are taken, counted, and deleted', async () => {
    await using stage = await OperationStage.open({ quotas: { snapshots: 1 } });
    const process = await stage.process();
    const volume = await madeVolume(process);
    const snapshot = await madeSnapshot(process, volume);
    expect((await stage.quota()).counted).toEqual({ volumes: 1, snapshots: 1, gigabytes: 2 * GIB });
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'second' }))).toBe(
      'quota-exceeded',
    );
    expect(await outcome(process.snapshots.delete(CALLER, snapshot))).toBe('done');
    expect((await stage.quota()).counted).toEqual({ volumes: 1, snapshots: 0, gigabytes: GIB });
  });

  it('of one volume may be worked on at a time', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const names = ['a', 'b', 'c', 'd'];
    const outcomes = await Promise.all(
      names.map((name) => outcome(process.snapshots.create(CALLER, { volume, name }))),
    );
    expect(outcomes).toEqual(names.map(() => 'done'));
    const deleted = await Promise.all(names.map((name) => outcome(process.snapshots.delete(CALLER, name))));
    expect(deleted).toEqual(names.map(() => 'done'));
    await expectQuotaRight(stage);
  });

  it('may be taken of a volume in use where the driver can', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await (
      await process.attachments.attach(CALLER, { volume, connector })
    ).done;
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'online' }))).toBe('done');
    expect(await outcome(process.volumes.revert(CALLER, volume, 'online'))).toBe('conflict');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('in-use');
  });

  it.each(CODES)('when the driver says %s', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.troubles.push({ method: 'createSnapshot', when: 'before', code });
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'one' }))).not.toBe('done');
    expect(await process.snapshots.get(CALLER, 'one')).toMatchObject({
      status: 'error',
      statusReason: `createSnapshot said ${code}`,
    });
    const kept = await madeSnapshot(process, volume, 'two');
    process.troubles.push({ method: 'deleteSnapshot', when: 'before', code });
    expect(await outcome(process.snapshots.delete(CALLER, kept))).not.toBe('done');
    const back = [...HARMLESS, 'volume-busy', 'snapshot-busy'].includes(code);
    expect((await process.snapshots.get(CALLER, kept)).status).toBe(back ? 'available' : 'error_deleting');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    for (const name of ['one', 'two'])
      expect(await outcome(process.snapshots.delete(CALLER, name))).toBe('done');
    await expectQuotaRight(stage);
  });
});

describe('moving volumes', () => {
  it('moves there and back, and the volume goes on as it was', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    for (const backend of ['two', 'one', 'two']) {
      const { initial, done } = await process.volumes.migrate(CALLER, volume, backend);
      expect(initial.status).toBe('maintenance');
      expect((await process.volumes.get(CALLER, 'data')).id).toBe(volume);
      expect(await done).toMatchObject({ id: volume, status: 'available', backend });
      expect(await read(process, volume)).toBe('kept');
      expect(await stage.store.listVolumes()).toHaveLength(1);
    }
    expect(stage.array('one').names()).toEqual([]);
    await madeSnapshot(process, volume);
    expect(await outcome(process.volumes.extend(CALLER, volume, 2 * GIB))).toBe('done');
    expect(await outcome(process.volumes.migrate(CALLER, volume, 'one'))).toBe('has-dependents');
    expect(await outcome(process.volumes.delete(CALLER, volume, { cascade: true }))).toBe('done');
    expect(stage.array('two').names()).toEqual([]);
    await expectQuotaRight(stage);
  });

  it.each(['createVolume', 'openDevice'].flatMap((method) => CODES.map((code) => [method, code] as const)))(
    'is undone when %s says %s',
    async (method, code) => {
      await using stage = await OperationStage.open();
      const process = await stage.process();
      const volume = await madeVolume(process);
      process.troubles.push({ method, when: 'before', code, backend: 'two' });
      expect(await outcome(process.volumes.migrate(CALLER, volume, 'two'))).not.toBe('done');
      expect(await stage.store.listVolumes()).toMatchObject([
        { id: volume, status: 'available', backend: 'one', statusReason: `${method} said ${code}` },
      ]);
      expect(stage.array('two').names()).toEqual([]);
    },
  );

  it('is a success where only the old data cannot be removed, which stays to be deleted', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.troubles.push({ method: 'deleteVolume', when: 'before', code: 'failed', backend: 'one' });
    expect(await outcome(process.volumes.migrate(CALLER, volume, 'two'))).toBe('done');
    const old = (await stage.store.listVolumes()).find(({ id }) => id !== volume);
    expect(old).toMatchObject({ status: 'error_deleting', backend: 'one', countsInQuota: false });
    expect(await outcome(process.volumes.delete(CALLER, old?.id ?? ''))).toBe('done');
    expect(stage.array('one').names()).toEqual([]);
    await expectQuotaRight(stage);
  });

  it('leaves the volume where it is when the target is down', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.down.add('two');
    expect(await outcome(process.volumes.migrate(CALLER, volume, 'two'))).toBe('backend-down');
    expect(await outcome(process.volumes.migrate(CALLER, volume, 'one'))).toBe('invalid-input');
    expect(await stage.store.listVolumes()).toMatchObject([{ status: 'available' }]);
  });
});

describe('attachments', () => {
  it('are made and ended; a volume has one', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const attached = await (await process.attachments.attach(CALLER, { volume, connector })).done;
    expect(attached).toMatchObject({
      status: 'attached',
      host: 'node-1',
      connectionInfo: { driver_volume_type: 'memory' },
    });
    expect((await process.volumes.get(CALLER, volume)).status).toBe('in-use');
    expect(await outcome(process.attachments.attach(CALLER, { volume, connector }))).toBe('conflict');
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('conflict');
    expect(await process.attachments.list(OTHER)).toEqual([]);
    expect(await outcome(process.attachments.detach(OTHER, attached.id))).toBe('not-found');
    expect(await process.attachments.list(CALLER)).toHaveLength(1);
    expect(await outcome(process.attachments.detach(CALLER, attached.id))).toBe('done');
    expect(await process.attachments.list(CALLER, volume)).toEqual([]);
    expect(stage.array('one').names()).toEqual([`volume-${volume}`]);
  });

  it.each(CODES)('are not made when the driver says %s, and not ended', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.troubles.push({ method: 'initializeConnection', when: 'after', code });
    expect(await outcome(process.attachments.attach(CALLER, { volume, connector }))).not.toBe('done');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    expect(await process.attachments.list(CALLER)).toEqual([]);
    expect(stage.array('one').names()).toEqual([`volume-${volume}`]);
    const { id } = await (await process.attachments.attach(CALLER, { volume, connector })).done;
    process.troubles.push({ method: 'terminateConnection', when: 'before', code });
    expect(await outcome(process.attachments.detach(CALLER, id))).not.toBe('done');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('in-use');
    expect(await process.attachments.list(CALLER)).toMatchObject([{ id, status: 'attached' }]);
  });

  it('are not made by a connection, which changes no state', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const info = await process.attachments.connect(CALLER, volume, connector);
    expect(info.driver_volume_type).toBe('memory');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    await expect(process.attachments.connect(CALLER, volume, { host: 'x' })).rejects.toMatchObject({
      code: 'invalid-input',
      details: { code: 'invalid-connector' },
    });
  });

  it('wait for no backend that is down', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.down.add('one');
    expect(await outcome(process.attachments.attach(CALLER, { volume, connector }))).toBe('backend-down');
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('backend-down');
    expect(await outcome(process.snapshots.create(CALLER, { volume, name: 'one' }))).toBe('backend-down');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    expect(await stage.store.listOperations({ outcome: 'running' })).toEqual([]);
  });
});

describe('a volume in use', () => {
  it.each([
    ['one', 'done', ['copy', 'data']],
    ['two', 'conflict', ['data']],
  ])('is cloned on backend %s: %s', async (backend, expected, names) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await (
      await process.attachments.attach(CALLER, { volume, connector })
    ).done;
    const request = { name: 'copy', fromVolume: volume, backend };
    expect(await outcome(process.volumes.create(CALLER, request))).toBe(expected);
    const found = await stage.store.listVolumes();
    expect(found.map(({ name, status }) => [name, status]).sort()).toEqual(
      names.map((name) => [name, name === 'data' ? 'in-use' : 'available']),
    );
    expect(stage.array('two').names()).toEqual([]);
  });
});

describe("volumes' data", () => {
  it('comes with the error of whoever uses it; what was written to is in error, what was read is not', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const mistake = new TypeError('a mistake');
    const fail = (): Promise<never> => Promise.reject(mistake);
    await expect(process.data.useVolume(CALLER, volume, 'read-only', fail)).rejects.toBe(mistake);
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    await expect(process.data.useVolume(CALLER, volume, 'read-write', fail)).rejects.toBe(mistake);
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({
      status: 'error',
      statusReason: 'a mistake',
    });
    expect(await process.volumes.reset(CALLER, volume)).toMatchObject({ status: 'available' });
  });

  it('of a snapshot is read while its volume stays available', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'first');
    const snapshot = await madeSnapshot(process, volume);
    await write(process, volume, 'second');
    const text = await process.data.useSnapshot(CALLER, snapshot, async (device) => {
      expect(await outcome(process.snapshots.delete(CALLER, snapshot))).toBe('conflict');
      return (await device.read(0, 512)).toString().trim();
    });
    expect(text).toBe('first');
  });

  it('holds the volume: nothing else is accepted, no reset either', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await process.data.useVolume(CALLER, volume, 'read-only', async () => {
      expect((await process.volumes.get(CALLER, volume)).status).toBe('uploading');
      expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('conflict');
      await expect(process.volumes.reset(CALLER, volume)).rejects.toMatchObject({ code: 'conflict' });
    });
    await expect(process.volumes.reset(CALLER, volume)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('taking volumes over', () => {
  function foreign(stage: OperationStage, name: string): void {
    const bytes = new SparseBytes(3 * MIB);
    stage.array('one').volumes.set(name, { ...building(bytes), state: 'ready' });
  }
  const request = { backend: 'one', reference: { 'source-name': 'theirs' }, name: 'ours' };

  it('manages one with its real size, and lets it go again', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    foreign(stage, 'theirs');
    const { initial, done } = await process.managing.manage(CALLER, request);
    expect(initial.status).toBe('managing');
    const volume = await done;
    expect(volume).toMatchObject({ status: 'available', sizeBytes: 3 * MIB, name: 'ours' });
    await expectQuotaRight(stage);
    const again = { ...request, reference: { 'source-name': `volume-${volume.id}` } };
    expect(await outcome(process.managing.manage(CALLER, again))).toBe('conflict');
    expect(await outcome(process.managing.unmanage(CALLER, volume.id))).toBe('done');
    expect(stage.array('one').names()).toEqual([`volume-${volume.id}`]);
    expect((await stage.quota()).counted).toEqual({ volumes: 0, snapshots: 0, gigabytes: 0 });
  });

  it.each([
    ['manageExistingSize', 'before', 'volume-not-found', undefined],
    ['manageExisting', 'before', 'already-exists', undefined],
    ['manageExisting', 'after', 'failed', 'error_managing'],
  ] as const)('when %s, %s its work, says %s', async (method, when, code, status) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    foreign(stage, 'theirs');
    process.troubles.push({ method, when, code });
    expect(await outcome(process.managing.manage(CALLER, request))).not.toBe('done');
    expect((await stage.store.listVolumes()).map((one) => one.status)).toEqual(status ? [status] : []);
    await expectQuotaRight(stage);
  });

  it.each(['before', 'after'] as const)('goes on when it was killed %s the renaming', async (when) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    foreign(stage, 'theirs');
    process.troubles.push({ method: 'manageExisting', when });
    await process.managing.manage(CALLER, request);
    await process.stuck;
    await process.kill();
    await (await stage.process()).recover();
    expect(await stage.store.listVolumes()).toMatchObject([{ status: 'available', sizeBytes: 3 * MIB }]);
    await expectQuotaRight(stage);
  });

  it.each([
    ['is done', undefined, 'done', 1],
    ['fails', 'damaged', 'operation-failed', 0],
  ] as const)('adopts with snapshots: %s', async (_, code, expected, rows) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const at = '2026-01-01T00:00:00.000Z';
    const [id, snapshotId] = ['1', '2'].map((digit) => `${digit.repeat(8)}-1111-4111-8111-111111111111`);
    foreign(stage, `volume-${id ?? ''}`);
    if (code !== undefined) process.troubles.push({ method: 'adopt', when: 'before', code });
    const common = {
      projectId: 'project',
      sizeBytes: 3 * MIB,
      providerMetadata: {},
      metadata: {},
      countsInQuota: true,
      createdAt: at,
      updatedAt: at,
    };
    const parameters = {
      found: {
        id: id ?? '',
        sizeBytes: 3 * MIB,
        providerLocation: 'x',
        providerMetadata: {},
        snapshots: [],
        problems: [],
        changes: [],
      },
      volume: { id: id ?? '', name: 'v', status: 'managing', backend: 'one', ...common } as const,
      snapshots: [
        { id: snapshotId ?? '', volumeId: id ?? '', name: 's', status: 'creating', ...common } as const,
      ],
    };
    const submit = (): Promise<{ done: Promise<unknown> }> =>
      process.container
        .get<OperationSubmitter>(OperationSubmitter)
        .submit(process.container.get(AdoptVolume), parameters, CALLER);
    expect(await outcome(submit())).toBe(expected);
    expect(await stage.store.listVolumes({ status: 'available' })).toHaveLength(rows);
    expect(await stage.store.listSnapshots()).toHaveLength(rows);
    await expectQuotaRight(stage);
    expect(await outcome(submit())).toBe(rows === 1 ? 'conflict' : 'done');
  });
});

describe('names', () => {
  it('say what was meant, and whose it is', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process, 'database');
    expect((await process.volumes.get(CALLER, 'database')).id).toBe(volume);
    await expect(process.volumes.get(CALLER, 'databse')).rejects.toThrow(
      'there is no volume "databse"; did you mean database?',
    );
    await expect(process.volumes.get(CALLER, volume.slice(0, 8))).rejects.toThrow(`did you mean ${volume}?`);
    await expect(process.volumes.get(OTHER, volume)).rejects.toMatchObject({ code: 'not-found' });
    await expect(process.volumes.get(OTHER, 'database')).rejects.toThrow(/^there is no volume "database"$/);
    const second = await madeVolume(process, 'database');
    const ids = expect.arrayContaining([volume, second]) as unknown;
    await expect(process.volumes.get(CALLER, 'database')).rejects.toMatchObject({
      code: 'ambiguous-name',
      details: { ids },
    });
  });

  it('are changed with description and metadata, in bounds', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const changes = { name: 'new', description: 'd'.repeat(255), metadata: { a: 'b' } };
    expect(await process.volumes.update(CALLER, volume, changes)).toMatchObject(changes);
    for (const bad of [
      { name: 'n'.repeat(256) },
      { description: 'd'.repeat(256) },
      { metadata: { ['k'.repeat(256)]: '' } },
      { metadata: { k: 'v'.repeat(256) } },
    ]) {
      await expect(process.volumes.update(CALLER, volume, bad)).rejects.toMatchObject({
        code: 'invalid-input',
      });
    }
  });
});
