import { MIB } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import type { DriverPlugin } from '@scoria/core';
import { memoryPlugin, plainMemoryPlugin } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { CreateSnapshot } from '../operations/create-snapshot.js';
import { CreateVolume } from '../operations/create-volume.js';
import { DeleteSnapshot } from '../operations/delete-snapshot.js';
import { DeleteVolume } from '../operations/delete-volume.js';
import { ExtendVolume } from '../operations/extend-volume.js';
import { subjectOf, volumeOf } from '../operations/volume-state.js';
import { Quotas } from '../placement/quotas.js';
import type { AuditFinding } from '../views.js';
import { aSnapshotRecord, aVolumeRecord } from './spec-support/records.js';
import { CALLER, ViewStage } from './spec-support/stage.js';

const LIVES = 12;

/** Everything that becomes of a volume, by the operations of the manager. */
async function live(stage: ViewStage): Promise<void> {
  const quotas = new Quotas(stage.store, {
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
  } as unknown as ConstructorParameters<typeof Quotas>[1]);
  const volume: VolumeRecord = aVolumeRecord({ id: randomUUID(), status: 'creating', sizeBytes: MIB });
  const { id } = volume;
  const subject = async (): Promise<ReturnType<typeof subjectOf>> =>
    subjectOf(await volumeOf(stage.store, id));
  const ended = async ({ done }: { done: Promise<unknown> }): Promise<unknown> => done;
  const candidates = [{ backend: 'one' }];
  await ended(await stage.submit(new CreateVolume(quotas, stage.store), { volume, candidates, attempt: 0 }));
  const snapshot = aSnapshotRecord({ id: randomUUID(), volumeId: id, sizeBytes: MIB, status: 'creating' });
  await ended(
    await stage.submit(new CreateSnapshot(quotas, stage.store), { ...(await subject()), snapshot }),
  );
  const growth = { projectId: 'project', sizeBytes: MIB, newSizeBytes: 2 * MIB };
  await ended(await stage.submit(new ExtendVolume(quotas), { ...(await subject()), ...growth }));
  const onSnapshot = { snapshotId: snapshot.id, snapshotBefore: 'available' } as const;
  await ended(await stage.submit(new DeleteSnapshot(stage.store), { ...(await subject()), ...onSnapshot }));
  const all = { snapshots: [], cascade: false };
  await ended(await stage.submit(new DeleteVolume(stage.store), { ...(await subject()), ...all }));
}

describe('an audit beside a working manager', () => {
  it.each<[string, DriverPlugin]>([
    ['that can be looked at', memoryPlugin],
    ['that can only be tried', plainMemoryPlugin],
  ])('finds nothing on a backend %s', async (_, plugin) => {
    await using stage = await ViewStage.open(plugin);
    const manager = { working: true };
    const work = (async () => {
      for (let round = 0; round < LIVES; round += 2) await Promise.all([live(stage), live(stage)]);
    })().finally(() => {
      manager.working = false;
    });
    const found: AuditFinding[] = [];
    let audits = 0;
    do {
      const { findings } = await stage.audit.audit(CALLER, 'one', { repair: true, collectOrphans: true });
      found.push(...findings);
      audits += 1;
    } while (manager.working);
    await work;
    expect(found).toEqual([]);
    expect(audits).toBeGreaterThan(1);
    expect(stage.array.names()).toEqual([]);
  });
});
