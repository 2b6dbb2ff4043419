import assert from 'node:assert/strict';
import type { Claim, OperationRecord } from '../../records.js';
import type { Store } from '../../store.js';
import { exclusive, operationOf, shared, snapshotOf, typeOf, volumeOf } from '../samples.js';
import { storesCase } from '../store-case.js';
import { turn } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

/** As the manager lets an operation begin: whether it did. */
async function begin(store: Store, operation: OperationRecord, volumeId?: string): Promise<boolean> {
  return store.transaction(async (records) => {
    await records.lockClaimed(operation.claims);
    if ((await records.conflictingOperations(operation.claims)).length > 0) return false;
    if (volumeId !== undefined) await records.changeVolume(volumeId, ['available'], { status: 'extending' });
    await records.insertOperation(operation);
    return true;
  });
}

async function winners(stores: readonly Store[], claims: readonly (readonly Claim[])[]): Promise<number> {
  const tries = claims.map((wanted, index) => begin(turn(stores, index), operationOf(wanted)));
  return (await Promise.all(tries)).filter((won) => won).length;
}

const ROUNDS = 10;

/** Several processes want the same at the same moment. */
export const raceCases: readonly StoreCase[] = [
  storesCase('of many changes from one state exactly one takes place', 4, async (stores) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const volume = volumeOf();
      await stores[0].insertVolume(volume);
      const tries = stores.flatMap((store) =>
        (['deleting', 'extending'] as const).map((status) =>
          store.changeVolume(volume.id, ['available'], { status, metadata: { status } }),
        ),
      );
      assert.equal((await Promise.all(tries)).filter((won) => won).length, 1);
      const stored = await stores[0].getVolume(volume.id);
      assertSame(stored?.metadata, { status: stored?.status });
    }
  }),
  storesCase('of many that want one object for themselves exactly one begins', 4, async (stores) => {
    for (const kind of ['volume', 'snapshot', 'attachment', 'backend'] as const) {
      for (let round = 0; round < ROUNDS; round += 1) {
        const id = `${kind}-${String(round)}`;
        const claims = Array.from({ length: 8 }, () => [exclusive(id, kind)]);
        assert.equal(await winners(stores, claims), 1, kind);
      }
    }
  }),
  storesCase('readers begin together, and never beside a writer', 4, async (stores) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const readers = Array.from({ length: 6 }, () => [shared(`r${String(round)}`)]);
      assert.equal(await winners(stores, readers), 6);
      const volume = volumeOf();
      await stores[0].insertVolume(volume);
      const both = [[shared(volume.id)], [exclusive(volume.id)], [shared(volume.id)], [exclusive(volume.id)]];
      const won = await winners(stores, both);
      const held = await stores[0].operationsHolding('volume', volume.id);
      assert.equal(held.length, won);
      if (held.some(({ claims }) => claims[0]?.mode === 'exclusive')) assert.equal(won, 1);
    }
  }),
  storesCase('who wants two objects in either order is never stuck', 4, async (stores) => {
    const [a, b] = [volumeOf(), volumeOf()];
    const snapshot = snapshotOf(a);
    for (const volume of [a, b]) await stores[0].insertVolume(volume);
    await stores[0].insertSnapshot(snapshot);
    const all = [exclusive(a.id), exclusive(b.id), exclusive(snapshot.id, 'snapshot')];
    for (let round = 0; round < ROUNDS; round += 1) {
      const claims = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? all : [...all].reverse()));
      assert.equal(await winners(stores, claims), 1);
      for (const { id } of await stores[0].operationsHolding('volume', a.id))
        await stores[1].endOperation(id, 'succeeded');
    }
  }),
  storesCase('two that change the same objects in opposite order both succeed', 2, async (stores) => {
    const [a, b] = [volumeOf(), volumeOf()];
    for (const volume of [a, b]) await stores[0].insertVolume(volume);
    const both = [
      [a.id, b.id],
      [b.id, a.id],
    ] as const;
    const change = async (store: Store, ids: readonly string[]): Promise<void> =>
      store.transaction(async (records) => {
        for (const id of ids) {
          assert.equal(await records.changeVolume(id, ['available'], {}), true);
          await records.listVolumes();
        }
      });
    for (let round = 0; round < ROUNDS; round += 1)
      await Promise.all(stores.map((store, index) => change(store, both[index] ?? [])));
  }),
  storesCase('an operation is ended by exactly one', 4, async (stores) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const operation = operationOf([exclusive('v')]);
      await stores[0].insertOperation(operation);
      const ends = stores.flatMap((store) => [
        store.endOperation(operation.id, 'succeeded'),
        store.endOperation(operation.id, 'failed', { code: 'x', text: 'y' }),
      ]);
      assert.equal((await Promise.all(ends)).filter((won) => won).length, 1);
    }
  }),
  storesCase('a name is given to one volume type only', 4, async (stores) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `type-${String(round)}`;
      const tries = await Promise.allSettled(stores.map((store) => store.insertVolumeType(typeOf({ name }))));
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of tries)
        if (one.status === 'rejected') assert.equal((one.reason as { code: string }).code, 'already-exists');
    }
  }),
  storesCase('a volume type that gets its first volume at this moment stays', 2, async ([one, other]) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const type = typeOf({ name: `type-${String(round)}` });
      await one.insertVolumeType(type);
      let removal: Promise<boolean> | undefined;
      await one.transaction(async (records) => {
        await records.insertVolume(volumeOf({ typeId: type.id }));
        removal = other.removeVolumeType(type.id);
        await records.listVolumes();
      });
      assert.equal(await removal, false);
    }
  }),
  storesCase('a backend is put by many at once', 4, async (stores) => {
    const backend = {
      name: 'b',
      driver: 'd',
      state: 'up',
      capabilities: [],
      pools: [],
      updatedAt: 'now',
    } as const;
    const puts = Array.from({ length: 40 }, (_, index) => turn(stores, index).putBackend(backend));
    await Promise.all(puts);
    assertSame(await stores[0].listBackends(), [backend]);
  }),
  storesCase('many transactions at once, more than there are connections, all end', 2, async (stores) => {
    const volumes = Array.from({ length: 60 }, () => volumeOf());
    await Promise.all(
      volumes.map((volume, index) =>
        turn(stores, index).transaction(async (records) => {
          await records.insertVolume(volume);
          assertSame(await records.getVolume(volume.id), volume);
        }),
      ),
    );
    assert.equal(await stores[0].countVolumes(), volumes.length);
  }),
];
