import type { DriverPlugin } from '@scoria/core';
import { memoryPlugin, plainMemoryPlugin } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { toDriverVolume } from '../driver-objects.js';
import { BackendBlockers } from './backend-blockers.js';
import { ChainService } from './chain-service.js';
import { DependencyService } from './dependency-service.js';
import { anAttachmentRecord } from './spec-support/records.js';
import { CALLER, contextOf, ViewStage } from './spec-support/stage.js';

function dependenciesOn(stage: ViewStage): DependencyService {
  const found = new BackendBlockers(stage.store, stage, stage.contexts);
  return new DependencyService(stage.store, stage, found);
}

function chainsOn(stage: ViewStage): ChainService {
  return new ChainService(stage.store, stage, dependenciesOn(stage), stage.contexts);
}

describe('chain of a volume', () => {
  it.each<[string, DriverPlugin]>([
    ['that the backend tells', memoryPlugin],
    ['that only the records tell', plainMemoryPlugin],
  ])('%s: oldest first, with what is in the way', async (_, plugin) => {
    await using stage = await ViewStage.open(plugin);
    const volume = await stage.volume();
    const older = await stage.snapshot(volume, { createdAt: '2026-01-01T00:00:00.000Z' });
    const newer = await stage.snapshot(volume, { createdAt: '2026-01-02T00:00:00.000Z' });
    const operation = randomUUID();
    await stage.operation(operation, [
      { kind: 'snapshot', id: newer.id, mode: 'shared' },
      { kind: 'volume', id: volume.id, mode: 'shared' },
    ]);
    const nodes = await chainsOn(stage).of(CALLER, volume.name);
    expect(nodes.map(({ id, parentId }) => [id, parentId])).toEqual([
      [older.id, undefined],
      [newer.id, older.id],
      [volume.id, newer.id],
    ]);
    expect(nodes.map(({ blockedBy }) => blockedBy.length)).toEqual([0, 1, 3]);
    expect(nodes[1]?.blockedBy).toEqual([`operation some-work (${operation})`]);
  });

  it('is the records while an operation has the volume to itself', async () => {
    await using stage = await ViewStage.open();
    const volume = await stage.volume();
    await stage.operation(randomUUID(), [{ kind: 'volume', id: volume.id, mode: 'exclusive' }]);
    expect((await chainsOn(stage).of(CALLER, volume.id))[0]?.layer).toBeUndefined();
  });

  it('fails with what the backend says', async () => {
    await using stage = await ViewStage.open();
    const volume = await stage.volume();
    await stage.backend.driver.deleteVolume(contextOf(), toDriverVolume(volume));
    await expect(chainsOn(stage).of(CALLER, volume.id)).rejects.toMatchObject({
      name: 'ManagerError',
      code: 'operation-failed',
      details: { code: 'volume-not-found' },
    });
  });
});

describe('dependencies from the records', () => {
  it('of a volume and of its snapshot', async () => {
    await using stage = await ViewStage.open();
    const service = dependenciesOn(stage);
    const volume = await stage.volume({ name: 'source' });
    const snapshot = await stage.snapshot(volume);
    const copy = await stage.volume({ name: 'copy', sourceSnapshotId: snapshot.id });
    const clone = await stage.volume({ name: 'clone', sourceVolumeId: volume.id });
    const ids = (all: readonly { id: string }[]): string[] => all.map(({ id }) => id);
    const ofVolume = await service.of(CALLER, 'volume', 'source');
    expect(ids(ofVolume.dependents)).toEqual([snapshot.id, clone.id]);
    expect(ids(ofVolume.blockers)).toEqual([snapshot.id]);
    const ofSnapshot = await service.of(CALLER, 'snapshot', snapshot.id);
    expect(ids(ofSnapshot.dependsOn)).toEqual([volume.id, 'one']);
    expect(ids(ofSnapshot.dependents)).toEqual([copy.id]);
    expect(ids((await service.of(CALLER, 'volume', 'copy')).dependsOn)).toEqual(['one', snapshot.id]);
    const others = service.of({ projectId: 'another' }, 'volume', volume.id);
    await expect(others).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each([
    ['of a backend that no manager has run yet, and that can', undefined, memoryPlugin, 0],
    ['of a backend that no manager has run yet, and that cannot', undefined, plainMemoryPlugin, 1],
    ['of a backend that a manager runs, and that cannot', ['clone'], memoryPlugin, 1],
    ['of a backend that a manager runs, and that can', ['onlineSnapshot'], plainMemoryPlugin, 0],
  ])('say whether a guest is in the way: %s', async (_, published, plugin, blockers) => {
    await using stage = await ViewStage.open(plugin);
    const { store } = stage;
    const volume = await stage.volume({ name: 'used' });
    const snapshot = await stage.snapshot(volume);
    await store.changeVolume(volume.id, ['available'], { status: 'in-use' });
    const attachment = anAttachmentRecord({ volumeId: volume.id });
    await store.insertAttachment(attachment);
    if (published !== undefined) {
      const at = attachment.createdAt;
      const backend = { name: 'one', driver: 'memory', state: 'up', pools: [], updatedAt: at } as const;
      await store.putBackend({ ...backend, capabilities: published });
    }
    const service = dependenciesOn(stage);
    const remedies = Array(blockers).fill(`scoria volume detach ${volume.id} ${attachment.id}`);
    const found = await service.of(CALLER, 'snapshot', snapshot.id);
    expect(found.blockers.map(({ remedy }) => remedy)).toEqual(remedies);
  });
});
