import { GIB } from '@scoria/core';
import type { ManagerEvent } from '@scoria/manager';
import type { OperationRecord } from '@scoria/store';
import { BACKENDS } from './kill/configuration.js';
import { expectToldInOrder, restartedUnchanged } from './main-job/expectations.js';
import { CALLER, CELLS_A_GIB, ended, JobStage, together } from './main-job/job-stage.js';

const MIDDLE = CELLS_A_GIB / 2;
const LAST = CELLS_A_GIB - 1;

describe('the main job', () => {
  let stage: JobStage;
  beforeEach(async () => {
    stage = await JobStage.open();
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  it.each(BACKENDS)('keeps every byte of a %s volume and its snapshots', async (backend) => {
    const { manager } = stage;
    const { id } = await stage.create('data', backend);
    const first = await stage.write('data', 0, MIDDLE, LAST);
    await stage.snapshot('data', 'monday');
    const second = await stage.write('data', 0, 1);
    const middle = await stage.snapshot('data', 'tuesday');
    const third = await stage.write('data', 1, MIDDLE + 1);
    await stage.snapshot('data', 'wednesday');
    const fourth = await stage.write('data', 2);
    await ended(manager.deleteSnapshot(CALLER, middle));
    const onWednesday = together(first, second, third);
    const now = together(onWednesday, fourth);
    expect(await stage.readSnapshot('monday')).toEqual(first);
    expect(await stage.readSnapshot('wednesday')).toEqual(onWednesday);
    expect(await stage.read('data')).toEqual(now);

    await ended(manager.createVolume(CALLER, { name: 'restored', fromSnapshot: 'monday' }));
    await ended(manager.createVolume(CALLER, { name: 'copy', fromVolume: 'data', sizeBytes: 2 * GIB }));
    await ended(manager.revertVolume(CALLER, 'data', 'wednesday'));
    expect(await stage.read('data')).toEqual(onWednesday);
    expect(await stage.read('restored')).toEqual(first);
    expect(await stage.read('copy')).toEqual(now);

    const extended = await ended(manager.extendVolume(CALLER, 'data', 3 * GIB));
    expect(extended).toMatchObject({ id, status: 'available', sizeBytes: 3 * GIB });
    expect(await stage.read('data')).toEqual(onWednesday);
    const atTheEnd = await stage.write('data', 3 * CELLS_A_GIB - 1);
    await stage.snapshot('data', 'thursday');
    await stage.write('data', 0, 3 * CELLS_A_GIB - 1);
    await ended(manager.revertVolume(CALLER, 'data', 'thursday'));
    expect(await stage.read('data')).toEqual(together(onWednesday, atTheEnd));
    expect(await stage.readSnapshot('monday')).toEqual(first);

    expect(await stage.findings()).toEqual([]);
    expect(await stage.inUse()).toEqual({ volumes: 3, snapshots: 3, gigabytes: 11 * GIB });
    await expect(manager.deleteVolume(CALLER, 'data')).rejects.toMatchObject({ code: 'has-dependents' });
    for (const name of ['data', 'restored', 'copy'])
      await ended(manager.deleteVolume(CALLER, name, { cascade: true }));
    expect(await manager.listSnapshots(CALLER)).toEqual([]);
    expect(await stage.files(backend)).toEqual([]);
    expect(await stage.inUse()).toEqual({ volumes: 0, snapshots: 0, gigabytes: 0 });
  });

  it('moves a volume to another backend, by name and by type, with every byte', async () => {
    const { manager } = stage;
    const { id } = await stage.create('data', 'raw');
    const bytes = await stage.write('data', 0, MIDDLE, LAST);
    await manager.createVolumeType({ name: 'plain', extraSpecs: { volume_backend_name: 'raw' } });
    const moved = await ended(manager.migrateVolume(CALLER, 'data', 'qcow2'));
    expect(moved).toMatchObject({ id, name: 'data', status: 'available', backend: 'qcow2' });
    expect(await stage.read('data')).toEqual(bytes);
    expect(await stage.files('raw')).toEqual([]);

    const retyped = await ended(
      manager.retypeVolume(CALLER, 'data', 'plain', { migrationPolicy: 'on-demand' }),
    );
    const [plain] = await manager.listVolumeTypes();
    expect(retyped).toMatchObject({ id, status: 'available', backend: 'raw', typeId: plain?.id });
    expect(await stage.read('data')).toEqual(bytes);
    expect(await stage.files('qcow2')).toEqual([]);
    expect((await manager.listVolumes(CALLER)).map(({ name }) => name)).toEqual(['data']);
    expect(await stage.inUse()).toEqual({ volumes: 1, snapshots: 0, gigabytes: GIB });
    expect(await stage.findings()).toEqual([]);
  });

  it.each(BACKENDS)('lets a %s volume go and takes it over again', async (backend) => {
    const { manager } = stage;
    const { id } = await stage.create('data', backend);
    const bytes = await stage.write('data', 0, LAST);
    await ended(manager.unmanageVolume(CALLER, 'data'));
    expect(await manager.listVolumes(CALLER)).toEqual([]);
    expect(await stage.inUse()).toEqual({ volumes: 0, snapshots: 0, gigabytes: 0 });

    const [entry] = await manager.listManageable(CALLER, backend);
    expect(entry).toMatchObject({ safeToManage: true, sizeBytes: GIB });
    const { reference } = entry!;
    const managed = await ended(manager.manageVolume(CALLER, { backend, reference, name: 'again' }));
    expect(managed).toMatchObject({ name: 'again', status: 'available', sizeBytes: GIB, backend });
    expect(managed.id).not.toBe(id);
    expect(await stage.read('again')).toEqual(bytes);
    expect(await stage.inUse()).toEqual({ volumes: 1, snapshots: 0, gigabytes: GIB });
    expect(await stage.findings()).toEqual([]);
  });

  it('adopts what another program wrote, snapshots and bytes and all', async () => {
    const stranger = await stage.stranger();
    const { id } = await stranger.create('theirs', 'qcow2');
    const before = await stranger.write('theirs', 0, MIDDLE);
    const snapshot = await stranger.snapshot('theirs', 'monday');
    const after = await stranger.write('theirs', 0, LAST);
    await stranger.manager.stop();

    const { manager } = stage;
    const planned = await manager.adoptBackend(CALLER, 'qcow2', { dryRun: true });
    expect(planned).toMatchObject({ dryRun: true, adopted: [{ id, snapshots: 1 }], refused: [] });
    expect(await manager.listVolumes(CALLER)).toEqual([]);
    const done = await manager.adoptBackend(CALLER, 'qcow2');
    expect(done).toMatchObject({ adopted: [{ id, snapshots: 1 }], refused: [] });
    expect(await manager.getVolume(CALLER, id)).toMatchObject({ status: 'available', sizeBytes: GIB });
    expect(await stage.readSnapshot(snapshot)).toEqual(before);
    expect(await stage.read(id)).toEqual(together(before, after));
    expect(await stage.inUse()).toEqual({ volumes: 1, snapshots: 1, gigabytes: 2 * GIB });
    expect(await manager.adoptBackend(CALLER, 'qcow2')).toMatchObject({ adopted: [], alreadyKnown: 1 });
    expect(await stage.findings()).toEqual([]);
  });

  it('refuses what is more than the project may have, and counts nothing of it', async () => {
    const { manager } = stage;
    await stage.create('data', 'raw');
    await manager.setQuota(CALLER.projectId, 'volumes', 1);
    await manager.setQuota(CALLER.projectId, 'snapshots', 0);
    await manager.setQuota(CALLER.projectId, 'gigabytes', 2 * GIB);
    const refused = [
      manager.createVolume(CALLER, { name: 'more', sizeBytes: GIB }),
      manager.createVolume(CALLER, { name: 'more', fromVolume: 'data' }),
      manager.createSnapshot(CALLER, { volume: 'data', name: 'more' }),
      manager.extendVolume(CALLER, 'data', 3 * GIB),
    ];
    for (const one of refused)
      await expect(one).rejects.toMatchObject({
        code: 'quota-exceeded',
        message: expect.stringContaining(`project ${CALLER.projectId} may have`) as unknown,
      });
    expect(await stage.inUse()).toEqual({ volumes: 1, snapshots: 0, gigabytes: GIB });
    expect((await manager.listVolumes(CALLER)).map(({ status }) => status)).toEqual(['available']);
    await ended(manager.extendVolume(CALLER, 'data', 2 * GIB));
    // Where a volume goes, what counts it goes too.
    await ended(manager.deleteVolume(CALLER, 'data'));
    await stage.create('other', 'raw');
    expect(await stage.findings()).toEqual([]);
  });

  it('tells what happens in its order, and lists it with steps and progress', async () => {
    const { manager } = stage;
    const events: ManagerEvent[] = [];
    const stop = manager.onEvent((event) => events.push(event));
    const { id } = await stage.create('data', 'raw');
    await stage.write('data', 0, LAST);
    await ended(manager.migrateVolume(CALLER, 'data', 'qcow2'));
    await manager.useVolumeData(CALLER, 'data', 'read-only', async (_, progress) => {
      progress(3, 4);
      return Promise.resolve();
    });
    await expect(ended(manager.revertVolume(CALLER, 'data', 'nothing'))).rejects.toMatchObject({
      code: 'not-found',
    });
    await ended(manager.deleteVolume(CALLER, 'data'));
    stop();
    await stage.create('unheard', 'raw');

    const operations = (await manager.listOperations({ resourceId: id })).reverse();
    const kinds = ['create-volume', 'import-data', 'migrate-volume', 'export-data', 'delete-volume'];
    expect(operations.map(({ kind }) => kind)).toEqual(kinds);
    expect(operations.map(({ outcome }) => outcome)).toEqual(kinds.map(() => 'succeeded'));
    for (const operation of operations) expectToldInOrder(events, operation);
    expect(new Set(events.map(({ operationId }) => operationId)).size).toBe(kinds.length);
    const [, , migration, reading] = operations as [unknown, unknown, OperationRecord, OperationRecord];
    const told = events.filter(({ operationId }) => operationId === migration.id);
    expect(told.map(({ step }) => step)).toContain('switch to the copy');
    expect(told.some(({ done, total }) => done === GIB && total === GIB)).toBe(true);
    expect(reading).toMatchObject({ progressDone: 3, progressTotal: 4 });
    expect(await manager.getOperation(migration.id)).toEqual(migration);
  });

  it('keeps everything when the manager ends and another one starts between any two steps', async () => {
    const { id } = await stage.create('data', 'qcow2');
    await restartedUnchanged(stage);
    const first = await stage.write('data', 0, LAST);
    await restartedUnchanged(stage);
    const snapshot = await stage.snapshot('data', 'monday');
    await restartedUnchanged(stage);
    const second = await stage.write('data', 0);
    await ended(stage.manager.extendVolume(CALLER, 'data', 2 * GIB));
    await restartedUnchanged(stage);
    await ended(stage.manager.createVolume(CALLER, { name: 'copy', fromSnapshot: snapshot }));
    await restartedUnchanged(stage);
    expect(await stage.read('copy')).toEqual(first);
    expect(await stage.read(id)).toEqual(together(first, second));
    expect(await stage.readSnapshot(snapshot)).toEqual(first);
    await ended(stage.manager.deleteVolume(CALLER, 'data', { cascade: true }));
    await restartedUnchanged(stage);
    expect((await stage.manager.listVolumes(CALLER)).map(({ name }) => name)).toEqual(['copy']);
    expect(await stage.findings()).toEqual([]);
  });

  it('says what is in the way of a deletion, and what frees the volume does free it', async () => {
    const { manager } = stage;
    const { id } = await stage.create('data', 'raw');
    const snapshot = await stage.snapshot('data', 'monday');
    const copy = await ended(manager.createVolume(CALLER, { name: 'copy', fromSnapshot: 'monday' }));
    const connector = { host: 'compute-1' };
    const attachment = await ended(manager.attachVolume(CALLER, { volume: 'data', connector }));
    const { blockers, dependents } = await manager.dependencies(CALLER, 'volume', 'data');
    expect(blockers.map(({ remedy }) => remedy)).toEqual([
      `scoria snapshot delete ${snapshot}`,
      `scoria volume detach ${id} ${attachment.id}`,
    ]);
    expect(dependents.map((one) => one.id)).toEqual([snapshot, attachment.id]);
    const ofSnapshot = await manager.dependencies(CALLER, 'snapshot', snapshot);
    expect(ofSnapshot.dependents).toMatchObject([{ kind: 'volume', id: copy.id, name: 'copy' }]);
    await expect(manager.deleteVolume(CALLER, 'data', { cascade: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('detach it first') as unknown,
    });

    await ended(manager.detachVolume(CALLER, attachment.id));
    await expect(manager.deleteVolume(CALLER, 'data')).rejects.toMatchObject({
      code: 'has-dependents',
      details: { blockers: [snapshot] },
    });
    await ended(manager.deleteSnapshot(CALLER, snapshot));
    expect(await manager.dependencies(CALLER, 'volume', 'data')).toMatchObject({ blockers: [] });
    await ended(manager.deleteVolume(CALLER, 'data'));
    await expect(manager.getVolume(CALLER, id)).rejects.toMatchObject({ code: 'not-found' });
    expect(await stage.read('copy')).toEqual(new Map());
  });
});
