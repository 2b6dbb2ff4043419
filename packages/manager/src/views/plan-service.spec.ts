import type { DriverPlugin } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { plainMemoryPlugin } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import { CreateSnapshot } from '../operations/create-snapshot.js';
import { CreateVolume } from '../operations/create-volume.js';
import { DeleteSnapshot } from '../operations/delete-snapshot.js';
import { DeleteVolume } from '../operations/delete-volume.js';
import { ExtendVolume } from '../operations/extend-volume.js';
import { MigrateVolume } from '../operations/move-volume.js';
import { RevertVolume } from '../operations/revert-volume.js';
import type { VolumeSource } from '../operations/volume-source.js';
import { subjectOf } from '../operations/volume-state.js';
import { Quotas } from '../placement/quotas.js';
import type { OperationPlan } from '../views.js';
import { PlanService } from './plan-service.js';
import { DriverSteps } from './plans/driver-steps.js';
import type { OperationPreparations } from './plans/preparations.js';
import { aSnapshotRecord, aVolumeRecord } from './spec-support/records.js';
import { CALLER, ViewStage } from './spec-support/stage.js';

/** A stage, the plans on it, and one volume with one snapshot. */
class PlanStage implements AsyncDisposable {
  private constructor(
    readonly stage: ViewStage,
    readonly plans: PlanService,
    readonly volume: VolumeRecord,
    readonly snapshot: SnapshotRecord,
  ) {}

  static async open(plugin?: DriverPlugin, source?: 'volume' | 'snapshot'): Promise<PlanStage> {
    const stage = await ViewStage.open(plugin);
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    const drivers = new DriverSteps(stage, stage.contexts);
    const preparations = preparationsOn(stage, volume, snapshot, source);
    return new PlanStage(stage, new PlanService(stage.store, preparations, drivers), volume, snapshot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]();
  }
}

function quotasOn({ store }: ViewStage): Quotas {
  return new Quotas(store, {
    quotas: { volumes: 10, snapshots: 10, gigabytes: 10 },
  } as unknown as ConstructorParameters<typeof Quotas>[1]);
}

/** What the requests' own code does, for one volume and its snapshot. */
function preparationsOn(
  stage: ViewStage,
  volume: VolumeRecord,
  snapshot: SnapshotRecord,
  from?: 'volume' | 'snapshot',
): OperationPreparations {
  const quotas = quotasOn(stage);
  const subject = async (): Promise<ReturnType<typeof subjectOf>> =>
    subjectOf((await stage.store.getVolume(volume.id)) ?? volume);
  const onSnapshot = { snapshotId: snapshot.id, snapshotBefore: 'available' } as const;
  const sources: Record<string, VolumeSource> = {
    volume: { kind: 'volume', ...subjectOf(volume) },
    snapshot: { kind: 'snapshot', volumeId: volume.id, backend: 'one', ...onSnapshot },
  };
  const fresh = aVolumeRecord({ id: randomUUID(), name: 'fresh', status: 'creating', sizeBytes: MIB });
  const candidates = [{ backend: 'one' }, { backend: 'two' }];
  return {
    createVolume: async (_caller, { sizeBytes = MIB }) => {
      if (sizeBytes > 100 * GIB) throw new ManagerError({ code: 'no-backend', message: 'backend one: full' });
      const source = from === undefined ? {} : { source: sources[from]! };
      const parameters = { volume: { ...fresh, sizeBytes }, candidates, attempt: 0, ...source };
      return Promise.resolve({ handler: new CreateVolume(quotas, stage.store), parameters });
    },
    deleteVolume: async (_caller, _name, { cascade = false } = {}) => ({
      handler: new DeleteVolume(stage.store),
      parameters: { ...(await subject()), snapshots: cascade ? [onSnapshot] : [], cascade },
    }),
    extendVolume: async (_caller, _name, newSizeBytes) => ({
      handler: new ExtendVolume(quotas),
      parameters: { ...(await subject()), projectId: 'project', sizeBytes: MIB, newSizeBytes },
    }),
    revertVolume: async () => ({
      handler: new RevertVolume(),
      parameters: { ...(await subject()), ...onSnapshot },
    }),
    migrateVolume: async (_caller, _name, backend) => ({
      handler: new MigrateVolume(stage.store),
      parameters: { ...(await subject()), temporary: { ...fresh, backend, countsInQuota: false } },
    }),
    retypeVolume: async () =>
      Promise.reject(new ManagerError({ code: 'not-found', message: 'there is no volume type' })),
    createSnapshot: async () => ({
      handler: new CreateSnapshot(quotas, stage.store),
      parameters: {
        ...(await subject()),
        snapshot: aSnapshotRecord({
          id: randomUUID(),
          volumeId: volume.id,
          sizeBytes: MIB,
          status: 'creating',
        }),
      },
    }),
    deleteSnapshot: async () => ({
      handler: new DeleteSnapshot(stage.store),
      parameters: { ...(await subject()), ...onSnapshot },
    }),
  };
}

type Ask = (plans: PlanService) => Promise<OperationPlan>;

const ASKS: Record<string, Ask> = {
  'create-volume': (plans) => plans.createVolume(CALLER, { name: 'fresh' }),
  'extend-volume': (plans) => plans.extendVolume(CALLER, 'data', 2 * MIB),
  'revert-volume': (plans) => plans.revertVolume(CALLER, 'data', 'before'),
  'create-snapshot': (plans) => plans.createSnapshot(CALLER, { volume: 'data', name: 'after' }),
  'delete-snapshot': (plans) => plans.deleteSnapshot(CALLER, 'before'),
  'delete-volume': (plans) => plans.deleteVolume(CALLER, 'data', { cascade: true }),
};

describe.each<[string, DriverPlugin | undefined]>([
  ['that tells its steps', undefined],
  ['that does not', plainMemoryPlugin],
])('plans for a backend %s', (_, plugin) => {
  it.each(Object.entries(ASKS))('%s: has steps, no problems, and changes nothing', async (operation, ask) => {
    await using on = await PlanStage.open(plugin);
    const { store } = on.stage;
    const state = async (): Promise<unknown> => [
      await store.listVolumes(),
      await store.listSnapshots(),
      await store.quotaUsage('project'),
      await store.listOperations(),
      on.stage.array.names(),
    ];
    const before = await state();
    const plan = await ask(on.plans);
    expect(plan).toMatchObject({ operation, backend: 'one', problems: [] });
    expect(plan.steps.length).toBeGreaterThanOrEqual(3);
    expect(await state()).toEqual(before);
  });

  it('refuses what the operation would be refused with', async () => {
    await using on = await PlanStage.open(plugin);
    const { plans, stage, volume, snapshot } = on;
    const { problems } = await plans.deleteVolume(CALLER, 'data');
    expect(problems).toEqual([expect.stringContaining(snapshot.id)]);
    const operation = randomUUID();
    await stage.operation(operation, [{ kind: 'volume', id: volume.id, mode: 'exclusive' }]);
    for (const [kind, ask] of Object.entries(ASKS)) {
      if (kind === 'create-volume') continue;
      expect((await ask(plans)).problems).toEqual([
        expect.stringContaining(`scoria operation watch ${operation}`),
      ]);
    }
  });
});

describe('plans', () => {
  it('show the steps of the driver between those of the manager', async () => {
    await using on = await PlanStage.open();
    const plan = await on.plans.deleteSnapshot(CALLER, 'before');
    expect(plan).toEqual({
      operation: 'delete-snapshot',
      subject: `snapshot before (${on.snapshot.id}) of volume data`,
      backend: 'one',
      steps: [
        'record it as deleting',
        'backend one: drop the snapshot',
        expect.stringMatching(/^forget it, and give/),
      ],
      problems: [],
    });
  });

  it.each<['volume' | 'snapshot', DriverPlugin | undefined, string]>([
    ['volume', undefined, 'backend one: take a temporary snapshot'],
    ['snapshot', undefined, 'backend one: make the volume'],
    ['volume', plainMemoryPlugin, 'make an empty volume of 0 GiB'],
  ])('of a volume made of a %s', async (source, plugin, step) => {
    await using on = await PlanStage.open(plugin, source);
    expect((await on.plans.createVolume(CALLER, { name: 'fresh' })).steps).toContain(step);
  });

  it('of a move: copy, compare, switch, remove', async () => {
    await using on = await PlanStage.open();
    for (const { id } of await on.stage.store.listSnapshots()) await on.stage.store.removeSnapshot(id);
    const { steps } = await on.plans.migrateVolume(CALLER, 'data', 'two');
    expect(steps[0]).toBe('record it as maintenance');
    expect(steps.some((step) => step.startsWith('backend two: '))).toBe(true);
    expect(steps).toContain('read both and compare');
  });

  it('name the quota that is used up, and the place that is not found', async () => {
    await using on = await PlanStage.open();
    const { problems } = await on.plans.createVolume(CALLER, { name: 'fresh', sizeBytes: 11 * GIB });
    expect(problems).toEqual([expect.stringMatching(/may have 10 GiB in all/)]);
    expect(await on.plans.createVolume(CALLER, { name: 'fresh', sizeBytes: 101 * GIB })).toEqual({
      operation: 'create-volume',
      subject: 'volume fresh',
      steps: [],
      problems: ['backend one: full'],
    });
  });

  it('fail for what is not there', async () => {
    await using on = await PlanStage.open();
    await expect(on.plans.retypeVolume(CALLER, 'data', 'gold')).rejects.toMatchObject({ code: 'not-found' });
  });
});
