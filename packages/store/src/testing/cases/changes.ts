import assert from 'node:assert/strict';
import { snapshotOf, temporarySnapshotOf, timeOf, volumeOf } from '../samples.js';
import { NOW, storeCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

const now = new Date(NOW).toISOString();

/** Changes of state name the states they expect; transactions are all or nothing. */
export const changeCases: readonly StoreCase[] = [
  storeCase('a change takes place in an expected state only', async (store) => {
    const volume = volumeOf({ description: 'old', metadata: { a: '1' } });
    await store.insertVolume(volume);
    const refused = await store.changeVolume(volume.id, ['error', 'creating'], {
      status: 'deleting',
      metadata: { b: '2' },
    });
    assert.equal(refused, false);
    assertSame(await store.getVolume(volume.id), volume);
    assert.equal(await store.changeVolume('none', ['available'], { status: 'error' }), false);
    assert.equal(await store.changeVolume(volume.id, [], { status: 'error' }), false);
    const changed = await store.changeVolume(volume.id, ['error', 'available'], {
      status: 'extending',
      sizeBytes: 7,
      description: undefined,
      providerMetadata: { format: 'raw' },
      countsInQuota: false,
      metadata: { b: '2' },
    });
    assert.equal(changed, true);
    const { description: _, ...rest } = volume;
    const expected = { status: 'extending', sizeBytes: 7, countsInQuota: false, metadata: { b: '2' } };
    assertSame(await store.getVolume(volume.id), {
      ...rest,
      ...expected,
      providerMetadata: { format: 'raw' },
      updatedAt: now,
    });
  }),
  storeCase('a change without a field changes the time alone', async (store) => {
    const volume = volumeOf({ metadata: { a: '1' } });
    await store.insertVolume(volume);
    assert.equal(await store.changeVolume(volume.id, ['available'], {}), true);
    assertSame(await store.getVolume(volume.id), { ...volume, updatedAt: now });
  }),
  storeCase('snapshots change in an expected state only', async (store) => {
    const volume = volumeOf();
    const snapshot = snapshotOf(volume, { metadata: { a: '1' } });
    await store.insertVolume(volume);
    await store.insertSnapshot(snapshot);
    assert.equal(await store.changeSnapshot(snapshot.id, ['error'], { name: 'x', metadata: {} }), false);
    assertSame(await store.getSnapshot(snapshot.id), snapshot);
    assert.equal(await store.changeSnapshot(snapshot.id, ['available'], { name: 'x', metadata: {} }), true);
    assertSame(await store.getSnapshot(snapshot.id), {
      ...snapshot,
      name: 'x',
      metadata: {},
      updatedAt: now,
    });
  }),
  storeCase('what a compute service reported is stored, replaced and cleared', async (store) => {
    const volume = volumeOf();
    const snapshot = snapshotOf(volume, { status: 'creating' });
    await store.insertVolume(volume);
    await store.insertSnapshot(snapshot);
    const asked = { asked: 'take x', during: 'creating' } as const;
    for (const computeReport of [asked, { ...asked, status: 'creating', progress: '90%' }]) {
      assert.equal(await store.changeSnapshot(snapshot.id, ['deleting'], { computeReport }), false);
      assert.equal(await store.changeSnapshot(snapshot.id, ['creating'], { computeReport }), true);
      assertSame(await store.getSnapshot(snapshot.id), { ...snapshot, computeReport, updatedAt: now });
    }
    await store.changeSnapshot(snapshot.id, ['creating'], { computeReport: undefined });
    assertSame(await store.getSnapshot(snapshot.id), { ...snapshot, updatedAt: now });
  }),
  storeCase(
    'a temporary snapshot needs no volume, is replaced, changed in an expected state, and goes',
    async (store) => {
      const first = temporarySnapshotOf();
      await store.putTemporarySnapshot(first);
      assertSame(await store.getTemporarySnapshot(first.id), first);
      const next = {
        ...first,
        status: 'deleting',
        computeReport: { during: 'deleting', asked: 'pull y' },
      } as const;
      await store.putTemporarySnapshot(next);
      assertSame(await store.getTemporarySnapshot(first.id), next);
      const computeReport = { ...next.computeReport, status: 'deleting', progress: '90%' };
      const change = { status: 'deleted', computeReport } as const;
      assert.equal(await store.changeTemporarySnapshot(first.id, ['creating'], change), false);
      assert.equal(await store.changeTemporarySnapshot(first.id, ['deleting'], change), true);
      assertSame(await store.getTemporarySnapshot(first.id), { ...next, ...change, updatedAt: now });
      assert.equal(await store.removeTemporarySnapshot(first.id), true);
      assert.equal(await store.removeTemporarySnapshot(first.id), false);
      assert.equal(await store.getTemporarySnapshot(first.id), undefined);
    },
  ),
  storeCase('temporary snapshots of long ago are forgotten with the history', async (store) => {
    const old = temporarySnapshotOf({ updatedAt: timeOf(19) });
    const recent = temporarySnapshotOf({ updatedAt: timeOf(20) });
    for (const one of [old, recent]) await store.putTemporarySnapshot(one);
    assert.equal(await store.pruneHistory(timeOf(20)), 1);
    assert.equal(await store.getTemporarySnapshot(old.id), undefined);
    assertSame(await store.getTemporarySnapshot(recent.id), recent);
  }),
  storeCase('a transaction that fails leaves nothing, and says why', async (store) => {
    const volume = volumeOf();
    await store.insertVolume(volume);
    const failure = new Error('not this time');
    const undone = store.transaction(async (records) => {
      await records.insertVolume(volumeOf());
      await records.changeVolume(volume.id, ['available'], { status: 'error' });
      await records.addQuotaUsage('project', 'volumes', 1);
      assert.equal(await records.countVolumes(), 2);
      throw failure;
    });
    await assert.rejects(undone, (error) => error === failure);
    assertSame(await store.listVolumes(), [volume]);
    assert.equal((await store.quotaUsage('project'))[0]?.inUse, 0);
  }),
  storeCase('a transaction that the database refuses leaves nothing', async (store) => {
    const volume = volumeOf();
    await store.insertVolume(volume);
    const undone = store.transaction(async (records) => {
      await records.changeVolume(volume.id, ['available'], { status: 'error' });
      await records.insertVolume(volume);
    });
    await assert.rejects(undone, { name: 'StoreError', code: 'already-exists' });
    assertSame(await store.listVolumes(), [volume]);
  }),
  storeCase('a transaction gives back what its work does', async (store) => {
    const made = await store.transaction(async (records) => {
      const volume = volumeOf();
      await records.insertVolume(volume);
      return records.getVolume(volume.id);
    });
    assertSame(await store.listVolumes(), [made]);
  }),
];
