import { DriverError } from '@scoria/core';
import type { PlanRequest } from '@scoria/core';
import { ManagerError } from '../errors.js';
import { BackendBlockers } from './backend-blockers.js';
import { DependencyService } from './dependency-service.js';
import { CALLER, ViewStage } from './spec-support/stage.js';

function busy(heldBy: readonly string[]): DriverError {
  return new DriverError({ code: 'snapshot-busy', message: 'it is held', details: { heldBy } });
}

/** The service on a backend whose driver says something of its own when it is asked for a plan. */
function serviceOn(stage: ViewStage, planOf: (request: PlanRequest) => Promise<string[]>): DependencyService {
  const open: ViewStage['open'] = async (name) => {
    const backend = await stage.open(name);
    const driver = new Proxy(backend.driver, {
      get: (target, key) =>
        key === 'planOf'
          ? (_context: unknown, request: PlanRequest) => planOf(request)
          : (Reflect.get(target, key) as unknown),
    });
    return { ...backend, driver };
  };
  const backends = { open, known: () => stage.known() };
  const found = new BackendBlockers(stage.store, backends, stage.contexts);
  return new DependencyService(stage.store, backends, found);
}

describe('what is in the way on a backend', () => {
  it('names clones that read a snapshot, and how to be rid of them', async () => {
    await using stage = await ViewStage.open();
    const snapshot = await stage.snapshot(await stage.volume({ name: 'source' }));
    const clone = await stage.volume({ name: 'clone', sourceSnapshotId: snapshot.id });
    const service = serviceOn(stage, () => Promise.reject(busy([clone.id, 'theirs'])));
    const { dependents, blockers } = await service.of(CALLER, 'snapshot', snapshot.id);
    expect(dependents).toMatchObject([{ id: clone.id, relation: 'reads its data' }]);
    expect(blockers.map(({ name, remedy }) => [name, remedy])).toEqual([
      ['clone', `scoria volume delete ${clone.id}`],
      ['theirs', 'remove it there'],
    ]);
  });

  it('names snapshots of a volume that no record knows, besides those that one does', async () => {
    await using stage = await ViewStage.open();
    const volume = await stage.volume();
    const snapshot = await stage.snapshot(volume);
    const service = serviceOn(stage, () => Promise.reject(busy([snapshot.id, 'monday'])));
    const { blockers } = await service.of(CALLER, 'volume', volume.id);
    expect(blockers.map(({ name, remedy }) => [name, remedy])).toEqual([
      [snapshot.name, `scoria snapshot delete ${snapshot.id}`],
      ['monday', `remove it there, or take it over: scoria snapshot manage ${volume.id} monday --name NAME`],
    ]);
  });

  it.each([
    ['is down', new ManagerError({ code: 'backend-down', message: 'down' })],
    ['refuses for another reason', new DriverError({ code: 'unavailable', message: 'no answer' })],
    ['is busy with who knows what', busy([])],
  ])('is nothing where the backend %s', async (_, error) => {
    await using stage = await ViewStage.open();
    const volume = await stage.volume();
    const service = serviceOn(stage, () => Promise.reject(error));
    expect((await service.of(CALLER, 'volume', volume.id)).blockers).toEqual([]);
  });

  it('is not asked for while an operation has the volume', async () => {
    await using stage = await ViewStage.open();
    const volume = await stage.volume();
    await stage.operation('11111111-1111-4111-8111-111111111111', [
      { kind: 'volume', id: volume.id, mode: 'exclusive' },
    ]);
    const service = serviceOn(stage, () => Promise.reject(new Error('asked')));
    const { blockers } = await service.of(CALLER, 'volume', volume.id);
    expect(blockers.map(({ kind }) => kind)).toEqual(['operation']);
  });
});
