import assert from 'node:assert/strict';
import type { VolumeRecord } from '../../records.js';
import type { Store } from '../../store.js';
import { exclusive, operationOf, snapshotOf, timeOf, typeOf, volumeOf } from '../samples.js';
import { storeCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

const COUNT = 25;

/** Ten volumes a second, so that ids decide within one. */
async function manyVolumes(store: Store): Promise<VolumeRecord[]> {
  const volumes = Array.from({ length: COUNT }, (_, index) =>
    volumeOf({ createdAt: timeOf(Math.floor(index / 10)), metadata: { index: String(index) } }),
  );
  await store.transaction(async (records) => {
    for (const volume of volumes) await records.insertVolume(volume);
  });
  return volumes.sort(newestFirst);
}

function newestFirst(a: VolumeRecord, b: VolumeRecord): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

async function ids(found: Promise<readonly { readonly id: string }[]>): Promise<string[]> {
  return (await found).map(({ id }) => id);
}

/** Lists: their order, their pages, what narrows them. */
export const listCases: readonly StoreCase[] = [
  storeCase('lists are newest first, and pages meet without a gap', async (store) => {
    const expected = await manyVolumes(store);
    assertSame(await store.listVolumes(), expected);
    const found: VolumeRecord[] = [];
    for (let page = await store.listVolumes({ limit: 7 }); page.length > 0;) {
      found.push(...page);
      page = await store.listVolumes({ limit: 7, marker: page.at(-1)?.id ?? '' });
    }
    assertSame(found, expected);
    assertSame(await store.listVolumes({ limit: 0 }), []);
    await assert.rejects(store.listVolumes({ marker: 'none' }), { code: 'not-found' });
  }),
  storeCase('ids of any letters are ordered by their bytes', async (store) => {
    const names = [
      'a',
      'B',
      'b',
      'A',
      'é',
      'z',
      '_',
      '-',
      'a-',
      'Z',
      '1',
      'a b',
      'ab',
      '\u{1F600}',
      '\uFF5E',
    ];
    await store.transaction(async (records) => {
      for (const id of names) await records.insertVolume(volumeOf({ id }));
      for (const name of names) await records.insertVolumeType(typeOf({ name }));
      for (const name of names) await records.putBackend({ ...BACKEND, name });
      for (const name of names) await records.setQuotaLimit(name, 'volumes', 1);
    });
    const ascending = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assertSame(await ids(store.listVolumes()), [...ascending].reverse());
    assertSame(
      (await store.listVolumeTypes()).map(({ name }) => name),
      ascending,
    );
    assertSame(
      (await store.listBackends()).map(({ name }) => name),
      ascending,
    );
    const marker = ascending[7] ?? '';
    assertSame(await ids(store.listVolumes({ marker })), ascending.slice(0, 7).reverse());
    assertSame(new Set(await store.listProjects()), new Set([...names, 'project']));
  }),
  storeCase('volumes are found by each of their fields, and by all of them', async (store) => {
    const type = typeOf();
    await store.insertVolumeType(type);
    const wanted = volumeOf({
      name: 'x',
      projectId: 'p',
      backend: 'b',
      status: 'error',
      typeId: type.id,
      metadata: { k: '1', l: '2' },
    });
    for (const volume of [volumeOf(), wanted, volumeOf({ metadata: { k: '1' } })])
      await store.insertVolume(volume);
    const { name, projectId, backend, status, typeId = '' } = wanted;
    const filters = [{ name }, { projectId }, { backend }, { status }, { typeId }];
    for (const filter of filters) assertSame(await ids(store.listVolumes(filter)), [wanted.id]);
    const metadata = { k: '1', l: '2' };
    const all = { name, projectId, backend, status, typeId, metadata };
    assertSame(await store.listVolumes(all), [wanted]);
    assert.equal((await store.listVolumes({ metadata: { k: '1' } })).length, 2);
    assertSame(await store.listVolumes({ ...all, name: 'data' }), []);
    assertSame(await store.listVolumes({ metadata: { k: '2' } }), []);
  }),
  storeCase('snapshots are found by each of their fields', async (store) => {
    const [one, two] = [volumeOf(), volumeOf()];
    const wanted = snapshotOf(two, { name: 'x', projectId: 'p', status: 'error' });
    for (const volume of [one, two]) await store.insertVolume(volume);
    for (const snapshot of [snapshotOf(one), wanted, snapshotOf(one)]) await store.insertSnapshot(snapshot);
    const { name, projectId, status, volumeId } = wanted;
    for (const filter of [{ name }, { projectId }, { status }, { volumeId }])
      assertSame(await store.listSnapshots(filter), [wanted]);
    assert.equal((await store.listSnapshots({ volumeId: one.id })).length, 2);
    assert.equal((await store.listSnapshots({ limit: 2 })).length, 2);
  }),
  storeCase('operations are found by outcome, owner and what they hold', async (store) => {
    const wanted = operationOf([exclusive('v'), exclusive('w')], { ownerId: 'me', createdAt: timeOf(3) });
    const ended = operationOf([exclusive('v')], { outcome: 'succeeded', endedAt: timeOf(2) });
    for (const operation of [wanted, ended, operationOf([])]) await store.insertOperation(operation);
    assertSame(await ids(store.listOperations({ resourceId: 'v' })), [wanted.id, ended.id]);
    assertSame(await ids(store.listOperations({ resourceId: 'w' })), [wanted.id]);
    assertSame(await ids(store.listOperations({ ownerId: 'me' })), [wanted.id]);
    assertSame(await ids(store.listOperations({ outcome: 'succeeded' })), [ended.id]);
    assertSame(await ids(store.listOperations({ outcome: 'running', resourceId: 'v' })), [wanted.id]);
  }),
];

const BACKEND = {
  driver: 'd',
  state: 'up',
  capabilities: [],
  pools: [],
  updatedAt: timeOf(0),
} as const;
