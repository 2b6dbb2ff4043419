import { GIB } from '@scoria/core';
import type { ManagerEvent } from '@scoria/manager';
import { BACKENDS } from './kill/configuration.js';
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

    const retyped = await ended(manager.retypeVolume(CALLER, 'data', 'plain'));
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

  it('adopts what another program wrote, snapshots and all', async () => {
    const stranger = await stage.stranger();
    await ended(stranger.createVolume(CALLER, { name: 'theirs', backend: 'qcow2', sizeBytes: GIB }));
    await stranger.stop();
    const { manager } = stage;
    const { adopted, refused } = await manager.adoptBackend(CALLER, 'qcow2');
    expect({ adopted, refused }).toMatchObject({ adopted: [{ snapshots: 0 }], refused: [] });
    expect(await stage.findings()).toEqual([]);
  });
});
