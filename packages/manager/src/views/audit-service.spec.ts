import { MIB } from '@scoria/core';
import type { DriverPlugin } from '@scoria/core';
import { CAPABILITIES, defineDriver } from '@scoria/core';
import type { Capability } from '@scoria/core';
import { FullMemoryDriver, MEMORY_OPTIONS, memoryPlugin, plainMemoryPlugin } from '@scoria/testkit';
import { injectable, injectFromBase } from 'inversify';
import { randomUUID } from 'node:crypto';
import { toDriverVolume } from '../driver-objects.js';
import { aSnapshotRecord } from './spec-support/records.js';
import { CALLER, contextOf, ViewStage } from './spec-support/stage.js';

/** A driver that can list, and not look at one volume by itself. */
@injectable()
@injectFromBase({ extendConstructorArguments: true })
class ListingDriver extends FullMemoryDriver {}
Object.defineProperty(ListingDriver.prototype, 'chainOf', { value: undefined });

const listingPlugin = defineDriver({
  name: 'memory-listing',
  apiRange: '^1.0.0',
  options: MEMORY_OPTIONS,
  capabilities: (Object.keys(CAPABILITIES) as Capability[]).filter((name) => name !== 'inspect'),
  driver: ListingDriver,
});

async function withStage(
  work: (stage: ViewStage) => Promise<void>,
  plugin: DriverPlugin = memoryPlugin,
): Promise<void> {
  await using stage = await ViewStage.open(plugin);
  await work(stage);
}

async function findings(stage: ViewStage): Promise<string[]> {
  const report = await stage.audit.audit(CALLER, 'one');
  return report.findings.map(({ kind, resourceKind, id }) => `${kind} ${resourceKind} ${id}`);
}

async function deleteOnBackend(
  stage: ViewStage,
  volume: Parameters<typeof toDriverVolume>[0],
): Promise<void> {
  await stage.backend.driver.deleteVolume(contextOf(), toDriverVolume(volume));
}

describe.each<[string, DriverPlugin]>([
  ['that can be listed and looked at', memoryPlugin],
  ['that can only be listed', listingPlugin],
  ['that can only be tried', plainMemoryPlugin],
])('audit of a backend %s', (_, plugin) => {
  it('finds nothing where all is right, and counts', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      await stage.snapshot(volume);
      await stage.volume({ nameId: randomUUID() });
      await stage.store.insertVolume({ ...volume, id: randomUUID(), status: 'error', countsInQuota: false });
      expect(await stage.audit.audit(CALLER, 'one')).toEqual({
        backend: 'one',
        checkedVolumes: 3,
        checkedSnapshots: 1,
        findings: [],
        repaired: [],
      });
    }, plugin);
  });

  it('finds what is missing, and marks it where asked, once', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      await deleteOnBackend(stage, volume);
      expect(await findings(stage)).toEqual([`missing volume ${volume.id}`]);
      expect((await stage.store.getVolume(volume.id))?.status).toBe('available');
      const { repaired } = await stage.audit.audit(CALLER, 'one', { repair: true });
      expect(repaired).toEqual([`set the status of volume ${volume.id} from available to error`]);
      expect(await stage.store.getVolume(volume.id)).toMatchObject({
        status: 'error',
        statusReason: 'expected on backend one, and nothing of it is there',
      });
      expect(await findings(stage)).toEqual([]);
    }, plugin);
  });

  it('finds a missing snapshot and another size', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      const snapshot = aSnapshotRecord({ id: randomUUID(), volumeId: volume.id, countsInQuota: false });
      await stage.store.insertSnapshot(snapshot);
      await stage.backend.driver.extendVolume(contextOf(), toDriverVolume(volume), 2 * MIB);
      expect(await findings(stage)).toEqual([
        `mismatched volume ${volume.id}`,
        `missing snapshot ${snapshot.id}`,
      ]);
    }, plugin);
  });

  it('leaves out what an operation is at work on', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      await deleteOnBackend(stage, volume);
      const operation = randomUUID();
      await stage.operation(operation, [{ kind: 'volume', id: volume.id, mode: 'exclusive' }]);
      expect(await findings(stage)).toEqual([]);
      await stage.store.endOperation(operation, 'failed', { code: 'failed', text: 'it died' });
      expect(await findings(stage)).toEqual([`missing volume ${volume.id}`]);
    }, plugin);
  });

  it('finds what is stuck, and lets go of it', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume({ status: 'deleting' });
      const other = await stage.volume();
      const snapshot = await stage.snapshot(other, { status: 'creating' });
      const found = await findings(stage);
      expect(found.sort()).toEqual([`stuck snapshot ${snapshot.id}`, `stuck volume ${volume.id}`]);
      await stage.audit.audit(CALLER, 'one', { repair: true });
      expect((await stage.store.getVolume(volume.id))?.status).toBe('error_deleting');
      expect((await stage.store.getSnapshot(snapshot.id))?.status).toBe('error');
    }, plugin);
  });

  it('finds counters that are off, and counts anew', async () => {
    await withStage(async (stage) => {
      await stage.volume();
      await stage.store.addQuotaUsage('project', 'volumes', 3);
      await stage.store.addQuotaUsage('project', 'gigabytes', -1);
      expect(await findings(stage)).toEqual(['quota quota project', 'quota quota project']);
      const { repaired } = await stage.audit.audit(CALLER, 'one', { repair: true });
      expect(repaired).toHaveLength(1);
      expect(await findings(stage)).toEqual([]);
    }, plugin);
  });
});

describe('orphans', () => {
  it.each<[string, DriverPlugin]>([
    ['looked at', memoryPlugin],
    ['listed', listingPlugin],
  ])('are found and, only when that is asked for, collected: %s', async (_, plugin) => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      await stage.snapshot(volume);
      await stage.snapshot(volume);
      for (const { id } of await stage.store.listSnapshots()) await stage.store.removeSnapshot(id);
      await stage.store.removeVolume(volume.id);
      const kept = await stage.volume();
      const strange = aSnapshotRecord({ id: randomUUID(), volumeId: kept.id });
      await stage.onBackend(strange, kept);
      const expected = [`orphan snapshot ${strange.id}`, `orphan volume ${volume.id}`];
      const orphans = async (): Promise<string[]> => {
        return (await findings(stage)).filter((line) => line.startsWith('orphan')).sort();
      };
      expect(await orphans()).toEqual(expected);
      await stage.audit.audit(CALLER, 'one', { repair: true });
      expect(await orphans()).toEqual(expected);
      const { repaired } = await stage.audit.audit(CALLER, 'one', { collectOrphans: true });
      expect([...repaired].sort()).toEqual([
        `deleted the orphan snapshot ${strange.id} of volume ${kept.id}`,
        `deleted the orphan volume ${volume.id}`,
      ]);
      expect(await orphans()).toEqual([]);
      expect(stage.array.names()).toEqual([`volume-${kept.id}`]);
    }, plugin);
  });

  it('are left where somebody came to know them meanwhile', async () => {
    await withStage(async (stage) => {
      const volume = await stage.volume();
      await stage.store.removeVolume(volume.id);
      const submit = stage.submit.bind(stage);
      stage.submit = async (handler, parameters) => {
        await stage.store.insertVolume(volume);
        return submit(handler, parameters);
      };
      const { repaired } = await stage.audit.audit(CALLER, 'one', { collectOrphans: true });
      expect(repaired).toEqual([expect.stringMatching(/^left the orphan volume .*no orphan any more/)]);
      expect(stage.array.names()).toEqual([`volume-${volume.id}`]);
    });
  });
});
