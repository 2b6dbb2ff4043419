import assert from 'node:assert/strict';
import type { Claim } from '../../records.js';
import type { Store } from '../../store.js';
import { exclusive, messageOf, operationOf, shared, timeOf } from '../samples.js';
import { NOW, storeCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

const now = new Date(NOW).toISOString();

async function conflicts(store: Store, claims: readonly Claim[]): Promise<string[]> {
  return (await store.conflictingOperations(claims)).map(({ id }) => id);
}

/** Operations: what they hold, how they change, end and are forgotten. */
export const operationCases: readonly StoreCase[] = [
  storeCase('shared claims go together, exclusive ones with none', async (store) => {
    const reading = operationOf([shared('v')]);
    const deleting = operationOf([exclusive('w')], { createdAt: timeOf(1) });
    await store.insertOperation(reading);
    await store.insertOperation(deleting);
    assertSame(await conflicts(store, [shared('v')]), []);
    assertSame(await conflicts(store, [exclusive('v')]), [reading.id]);
    assertSame(await conflicts(store, [shared('w')]), [deleting.id]);
    assertSame(await conflicts(store, [exclusive('w')]), [deleting.id]);
    assertSame(await conflicts(store, [exclusive('v'), shared('w')]), [reading.id, deleting.id]);
    assertSame(await conflicts(store, [exclusive('v', 'snapshot')]), []);
    assertSame(await conflicts(store, []), []);
    assertSame(
      (await store.operationsHolding('volume', 'v')).map(({ id }) => id),
      [reading.id],
    );
  }),
  storeCase('an operation that has ended holds nothing and changes no more', async (store) => {
    const operation = operationOf([exclusive('v')]);
    await store.insertOperation(operation);
    assert.equal(await store.changeOperation(operation.id, { step: 'write', cancelRequested: true }), true);
    const failure = { code: 'no-space', text: 'the disk is full' };
    assert.equal(await store.endOperation(operation.id, 'failed', failure), true);
    assertSame(await conflicts(store, [exclusive('v')]), []);
    assert.equal(await store.endOperation(operation.id, 'succeeded'), false);
    assert.equal(await store.changeOperation(operation.id, { step: 'late' }), false);
    assert.equal(await store.takeOverOperation(operation.id, operation.ownerId, 'other'), false);
    assertSame(await store.getOperation(operation.id), {
      ...operation,
      step: 'write',
      cancelRequested: true,
      outcome: 'failed',
      errorCode: 'no-space',
      errorText: 'the disk is full',
      updatedAt: now,
      endedAt: now,
    });
  }),
  storeCase('a takeover is from the owner it names, and counted', async (store) => {
    const operation = operationOf([exclusive('v')], { ownerId: 'dead' });
    await store.insertOperation(operation);
    assert.equal(await store.takeOverOperation(operation.id, 'other', 'me'), false);
    assert.equal(await store.takeOverOperation(operation.id, 'dead', 'me'), true);
    assert.equal(await store.takeOverOperation(operation.id, 'dead', 'you'), false);
    assert.equal(await store.takeOverOperation(operation.id, 'me', 'you'), true);
    const stored = await store.getOperation(operation.id);
    assertSame([stored?.ownerId, stored?.takeovers], ['you', 2]);
    assertSame(await store.operationsOf(['me', 'dead']), []);
    assertSame(await store.operationsOf([]), []);
    assert.equal((await store.operationsOf(['x', 'you'])).length, 1);
  }),
  storeCase('an owner has its operations in the order in which they began', async (store) => {
    const times = [3, 1, 2];
    for (const seconds of times) await store.insertOperation(operationOf([], { createdAt: timeOf(seconds) }));
    const found = await store.operationsOf(['owner']);
    assertSame(
      found.map(({ createdAt }) => createdAt),
      [timeOf(1), timeOf(2), timeOf(3)],
    );
  }),
  storeCase('what is old is forgotten, with its claims; what runs never', async (store) => {
    const running = operationOf([exclusive('v')]);
    const old = operationOf([exclusive('v')], { outcome: 'succeeded', endedAt: timeOf(10) });
    const recent = operationOf([exclusive('v')], { outcome: 'cancelled', endedAt: timeOf(20) });
    for (const operation of [running, old, recent]) await store.insertOperation(operation);
    await store.insertMessage(messageOf('v', { createdAt: timeOf(10) }));
    await store.insertMessage(messageOf('v', { createdAt: timeOf(20) }));
    assert.equal(await store.pruneHistory(timeOf(20)), 2);
    const left = (await store.listOperations({ resourceId: 'v' })).map(({ id }) => id);
    assertSame(new Set(left), new Set([running.id, recent.id]));
    assert.equal((await store.listMessages('v')).length, 1);
    await store.insertOperation(old);
  }),
  storeCase('an operation that cannot be written whole is not written', async (store) => {
    const operation = operationOf([exclusive('v'), shared('v')]);
    await assert.rejects(store.insertOperation(operation), { code: 'already-exists' });
    assert.equal(await store.getOperation(operation.id), undefined);
  }),
];
