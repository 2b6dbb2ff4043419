import type { AdoptableVolume } from '@scoria/core';
import { MIB } from '@scoria/core';
import { makeVolume, plainMemoryPlugin } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import { AdoptionService } from './adoption-service.js';
import { ManageableService } from './manageable-service.js';
import { aVolumeRecord } from './spec-support/records.js';
import { CALLER, contextOf, ViewStage } from './spec-support/stage.js';

async function foreign(stage: ViewStage, id: string = randomUUID()): Promise<string> {
  await stage.backend.driver.createVolume(contextOf(), makeVolume({ id, sizeBytes: MIB }));
  return id;
}

function serviceOf(
  stage: ViewStage,
  adoptVolume = async (found: AdoptableVolume): Promise<void> =>
    stage.store.insertVolume(aVolumeRecord({ id: found.id, sizeBytes: found.sizeBytes })),
): AdoptionService {
  const adopter = {
    adoptVolume: async (_: unknown, __: string, found: AdoptableVolume) => adoptVolume(found),
  };
  return new AdoptionService(stage.store, stage, stage.contexts, adopter);
}

describe('adoptBackend', () => {
  it('lists in a dry run, adopts once, and leaves what is known alone', async () => {
    await using stage = await ViewStage.open();
    await stage.volume();
    await stage.volume({ nameId: randomUUID() });
    const id = await foreign(stage);
    const service = serviceOf(stage);
    const report = { backend: 'one', adopted: [{ id, snapshots: 0, changes: [] }], refused: [] };
    expect(await service.adopt(CALLER, 'one', { dryRun: true })).toEqual({
      ...report,
      dryRun: true,
      alreadyKnown: 2,
    });
    expect(await stage.store.getVolume(id)).toBeUndefined();
    expect(await service.adopt(CALLER, 'one')).toEqual({ ...report, dryRun: false, alreadyKnown: 2 });
    expect(await service.adopt(CALLER, 'one')).toMatchObject({ adopted: [], alreadyKnown: 3 });
  });

  it('refuses the id of a volume whose data has moved away', async () => {
    await using stage = await ViewStage.open();
    const moved = await stage.volume({ nameId: randomUUID() });
    await foreign(stage, moved.id);
    const { adopted, refused } = await serviceOf(stage).adopt(CALLER, 'one');
    expect(adopted).toEqual([]);
    expect(refused.map(({ id }) => id)).toEqual([moved.id]);
    expect(refused[0]?.problems[0]).toMatch(/has this id/);
  });

  it('goes on with the others where one cannot be adopted', async () => {
    await using stage = await ViewStage.open();
    const ids = [await foreign(stage), await foreign(stage)];
    const service = serviceOf(stage, async ({ id }) => {
      if (id === ids[0]) throw new ManagerError({ code: 'conflict', message: 'somebody was faster' });
      return Promise.resolve();
    });
    const { adopted, refused } = await service.adopt(CALLER, 'one');
    expect(adopted.map(({ id }) => id)).toEqual([ids[1]]);
    expect(refused).toEqual([{ id: ids[0], problems: ['somebody was faster'] }]);
  });

  it('is not for drivers that cannot', async () => {
    await using stage = await ViewStage.open(plainMemoryPlugin);
    await expect(serviceOf(stage).adopt(CALLER, 'one')).rejects.toMatchObject({ code: 'not-supported' });
  });
});

describe('listManageable', () => {
  it('lists what the records do not have', async () => {
    await using stage = await ViewStage.open();
    await stage.volume();
    await stage.volume({ nameId: randomUUID() });
    const id = await foreign(stage);
    const service = new ManageableService(stage.store, stage, stage.contexts);
    const entries = await service.list(CALLER, 'one');
    expect(entries.map(({ reference }) => reference)).toEqual([{ 'source-name': `volume-${id}` }]);
  });

  it('is not for drivers that cannot', async () => {
    await using stage = await ViewStage.open(plainMemoryPlugin);
    const service = new ManageableService(stage.store, stage, stage.contexts);
    await expect(service.list(CALLER, 'one')).rejects.toMatchObject({ code: 'not-supported' });
  });
});
