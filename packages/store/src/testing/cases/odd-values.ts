import assert from 'node:assert/strict';
import { exclusive, messageOf, operationOf, snapshotOf, typeOf, volumeOf } from '../samples.js';
import { storeCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  "O'Brien",
  'say "hello"',
  "'; drop table volumes; --",
  "x' or '1'='1",
  '$1 ? :name @name %s ${x}',
  "\\n \\x00 E'\\'' \\",
  'line one\nline two\r\n\ttab',
  'größe 日本語 🗄️ مرحبا',
  'e\u0301 is not \u00e9',
  'null',
  '{"json": [1, 2]}',
  'x'.repeat(255),
];

const SIZES: readonly number[] = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 50, Number.MAX_SAFE_INTEGER];

/** Texts and numbers at the edges: values, never parts of a statement. */
export const oddValueCases: readonly StoreCase[] = [
  storeCase('texts of every kind come back as they were, and are found', async (store) => {
    for (const text of ODD_TEXTS) {
      const metadata = { [text]: text };
      const volume = volumeOf({ name: text, description: text, projectId: text, backend: text, metadata });
      const withProvider = { ...volume, providerId: text, providerMetadata: metadata };
      await store.insertVolume(withProvider);
      assertSame(await store.getVolume(volume.id), withProvider);
      const filter = { name: text, projectId: text, backend: text, metadata };
      assertSame(await store.listVolumes(filter), [withProvider]);
    }
    assert.equal(await store.countVolumes(), ODD_TEXTS.length);
  }),
  storeCase('texts of every kind are ids, names and parameters', async (store) => {
    for (const text of ODD_TEXTS) {
      const volume = volumeOf({ id: text });
      const operation = operationOf([exclusive(text)], { parameters: { [text]: text } });
      await store.insertVolume(volume);
      await store.insertSnapshot(snapshotOf(volume, { name: text }));
      await store.insertVolumeType(typeOf({ name: text, extraSpecs: { [text]: text } }));
      await store.insertMessage(messageOf(text, { text }));
      await store.insertOperation(operation);
      assertSame(await store.conflictingOperations([exclusive(text)]), [operation]);
      assert.equal((await store.listMessages(text)).length, 1);
      assert.equal(await store.changeVolume(text, ['available'], { statusReason: text }), true);
      assert.equal((await store.getVolume(text))?.statusReason, text);
      assert.equal(await store.addQuotaUsage(text, 'volumes', 1), true);
      assert.equal((await store.quotaUsage(text))[0]?.inUse, 1);
    }
  }),
  storeCase('the character 0 in what a tool has said keeps no operation from its end', async (store) => {
    const operation = operationOf([exclusive('v')], { parameters: { text: 'a\0b' } });
    await store.insertOperation(operation);
    assert.equal(
      await store.endOperation(operation.id, 'failed', { code: 'x', text: 'said \0 and \0' }),
      true,
    );
    await store.insertMessage(messageOf('v', { text: '\0' }));
    const stored = await store.getOperation(operation.id);
    assert.match(stored?.errorText ?? '', /^said [\0\uFFFD] and [\0\uFFFD]$/);
    assertSame(stored?.parameters, operation.parameters);
    assertSame(await store.listVolumes({ name: '\0' }), []);
  }),
  storeCase('sizes are exact up to the biggest safe number', async (store) => {
    for (const sizeBytes of SIZES) {
      const volume = volumeOf({ sizeBytes, projectId: String(sizeBytes) });
      const operation = operationOf([], { progressDone: sizeBytes, progressTotal: sizeBytes });
      await store.insertVolume(volume);
      await store.insertOperation(operation);
      assert.equal((await store.getVolume(volume.id))?.sizeBytes, sizeBytes);
      assertSame(await store.getOperation(operation.id), operation);
      assert.equal((await store.countQuotaUsage(volume.projectId)).gigabytes, sizeBytes);
    }
  }),
  storeCase('sums of sizes beyond 2^31 and 2^53 are numbers', async (store) => {
    for (let count = 0; count < 4; count += 1) await store.insertVolume(volumeOf({ sizeBytes: 2 ** 52 }));
    assertSame(await store.countQuotaUsage('project'), {
      volumes: 4,
      snapshots: 0,
      gigabytes: 2 ** 54,
    });
  }),
  storeCase('more objects than one page have metadata, in one list', async (store) => {
    const count = 1100;
    await store.transaction(async (records) => {
      for (let index = 0; index < count; index += 1)
        await records.insertVolume(volumeOf({ metadata: { index: String(index) } }));
    });
    assert.equal((await store.listVolumes()).length, 1000);
    const all = await store.listVolumes({ limit: 5000 });
    assert.equal(new Set(all.map(({ metadata }) => metadata.index)).size, count);
  }),
];
