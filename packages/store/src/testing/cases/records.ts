import assert from 'node:assert/strict';
import {
  attachmentOf,
  backendOf,
  exclusive,
  messageOf,
  operationOf,
  shared,
  snapshotOf,
  timeOf,
  typeOf,
  volumeOf,
} from '../samples.js';
import { storeCase } from '../store-case.js';
import { assertSame } from '../store-case.js';
import type { StoreCase } from '../store-case.js';

const fullVolume = volumeOf({
  nameId: 'd3b0a6c9-0000-4000-8000-000000000001',
  description: 'of the database',
  statusReason: 'nothing',
  pool: 'pool-a',
  sourceVolumeId: 'source-volume',
  sourceSnapshotId: 'source-snapshot',
  providerLocation: '127.0.0.1:/export',
  providerId: 'lun-7',
  providerMetadata: { format: 'qcow2' },
  metadata: { tier: 'gold', zone: 'a' },
  countsInQuota: false,
  updatedAt: timeOf(5),
});

/** Records come back as they were given. */
export const recordCases: readonly StoreCase[] = [
  storeCase('volumes come back whole, and with nothing that was not given', async (store) => {
    const type = typeOf();
    await store.insertVolumeType(type);
    const full = { ...fullVolume, typeId: type.id };
    const bare = volumeOf();
    await store.insertVolume(full);
    await store.insertVolume(bare);
    assertSame(await store.getVolume(full.id), full);
    assertSame(await store.getVolume(bare.id), bare);
    assert.equal(await store.getVolume('none'), undefined);
    assert.equal(await store.countVolumes(), 2);
    assert.equal(await store.countVolumes('one'), 2);
    assert.equal(await store.countVolumes('other'), 0);
  }),
  storeCase('snapshots come back whole', async (store) => {
    const volume = volumeOf();
    const bare = snapshotOf(volume);
    const full = snapshotOf(volume, {
      description: 'before the change',
      statusReason: 'none',
      computeReport: {
        status: 'creating',
        progress: '90%',
        asked: 'take volume-1.aaaa',
        during: 'creating',
        inDoubt: true,
      },
      providerLocation: 'there',
      providerId: '9',
      providerMetadata: { parent: 'x' },
      metadata: { keep: 'yes' },
      countsInQuota: false,
    });
    await store.insertVolume(volume);
    await store.insertSnapshot(bare);
    await store.insertSnapshot(full);
    assertSame(await store.getSnapshot(bare.id), bare);
    assertSame(await store.getSnapshot(full.id), full);
    assert.equal(await store.getSnapshot('none'), undefined);
  }),
  storeCase('attachments come back whole', async (store) => {
    const volume = volumeOf();
    const bare = attachmentOf(volume);
    const full = attachmentOf(volume, {
      status: 'attached',
      host: 'node-1',
      instanceId: 'server-1',
      monitor: '/run/guests/größe.sock',
      device: '/dev/vdb',
      connector: { initiator: 'iqn.1', multipath: true, ips: ['10.0.0.1'] },
      connectionInfo: { driver_volume_type: 'nfs', data: { size: 2 ** 40, none: null } },
    });
    await store.insertVolume(volume);
    await store.insertAttachment(bare);
    await store.insertAttachment(full);
    assertSame(await store.getAttachment(bare.id), bare);
    assertSame(await store.getAttachment(full.id), full);
    assert.equal((await store.listAttachments(volume.id)).length, 2);
    assert.equal((await store.listAttachments()).length, 2);
    assertSame(await store.listAttachments('none'), []);
    assert.equal(await store.changeAttachment(bare.id, { host: 'node-2', status: 'attaching' }), true);
    assert.equal((await store.getAttachment(bare.id))?.host, 'node-2');
    assert.equal(await store.changeAttachment('none', { host: 'x' }), false);
    assert.equal(await store.removeAttachment(bare.id), true);
    assert.equal(await store.removeAttachment(bare.id), false);
  }),
  storeCase('backends with their pools are put, put again and removed', async (store) => {
    const pool = {
      name: 'p',
      totalBytes: 2 ** 50,
      freeBytes: 2 ** 49,
      provisionedBytes: 1,
      reservedPercentage: 5,
      maxOverSubscriptionRatio: 1.5,
      thinProvisioning: true,
    };
    const up = backendOf({
      capabilities: ['clone'],
      vendorName: 'V',
      storageProtocol: 'NFS',
      pools: [pool],
    });
    const down = backendOf({ state: 'down', reason: 'no answer' });
    await store.putBackend(up);
    assertSame(await store.listBackends(), [up]);
    await store.putBackend(down);
    await store.putBackend(backendOf({ name: 'a' }));
    assertSame(await store.listBackends(), [backendOf({ name: 'a' }), down]);
    assert.equal(await store.removeBackend('a'), true);
    assert.equal(await store.removeBackend('a'), false);
  }),
  storeCase('volume types have unique names, and stay while a volume has them', async (store) => {
    const type = typeOf({
      description: 'SSD',
      extraSpecs: { 'capabilities:clone': '<is> True' },
      qosSpecs: { total_iops_sec: '500' },
    });
    const volume = volumeOf({ typeId: type.id });
    await store.insertVolumeType(type);
    await store.insertVolume(volume);
    assertSame(await store.listVolumeTypes(), [type]);
    await assert.rejects(store.insertVolumeType(typeOf({ name: type.name })), { code: 'already-exists' });
    assert.equal(
      await store.changeVolumeType(type.id, { name: 'faster', description: undefined, qosSpecs: {} }),
      true,
    );
    const { description: _, ...rest } = type;
    assertSame(await store.listVolumeTypes(), [{ ...rest, name: 'faster', qosSpecs: {} }]);
    assert.equal(await store.changeVolumeType('none', { name: 'x' }), false);
    assert.equal(await store.removeVolumeType(type.id), false);
    await store.removeVolume(volume.id);
    assert.equal(await store.removeVolumeType(type.id), true);
    assert.equal(await store.removeVolumeType(type.id), false);
  }),
  storeCase('messages come back whole, by resource', async (store) => {
    const [one, two] = [messageOf('a'), messageOf('b', { level: 'info', createdAt: timeOf(1) })];
    await store.insertMessage(one);
    await store.insertMessage(two);
    assertSame(await store.listMessages(), [two, one]);
    assertSame(await store.listMessages('a'), [one]);
    assertSame(await store.listMessages(undefined, { marker: two.id }), [one]);
  }),
  storeCase('operations come back whole', async (store) => {
    const bare = operationOf([]);
    const full = operationOf([exclusive('v'), shared('s', 'snapshot')], {
      parameters: { sizeBytes: 2 ** 40, nested: { list: [1, 'two', null] } },
      outcome: 'failed',
      step: 'write',
      progressDone: 2 ** 33,
      progressTotal: 2 ** 34,
      takeovers: 3,
      cancelRequested: true,
      errorCode: 'no-space',
      errorText: 'the disk is full',
      endedAt: timeOf(9),
    });
    await store.insertOperation(bare);
    await store.insertOperation(full);
    assertSame(await store.getOperation(bare.id), bare);
    assertSame(await store.getOperation(full.id), full);
    assert.equal(await store.getOperation('none'), undefined);
  }),
  storeCase('an id that is taken is refused, and nothing of it is written', async (store) => {
    const volume = volumeOf({ metadata: { a: '1' } });
    await store.insertVolume(volume);
    const again = volumeOf({ id: volume.id, name: 'other', metadata: { b: '2' } });
    await assert.rejects(store.insertVolume(again), { code: 'already-exists' });
    assertSame(await store.getVolume(volume.id), volume);
  }),
  storeCase('metadata goes with its object, and a volume with snapshots does not go', async (store) => {
    const volume = volumeOf({ metadata: { a: '1' } });
    const snapshot = snapshotOf(volume, { metadata: { a: '2' } });
    await store.insertVolume(volume);
    await store.insertSnapshot(snapshot);
    await assert.rejects(store.removeVolume(volume.id), { code: 'failed' });
    assertSame(await store.getVolume(volume.id), volume);
    assert.equal(await store.removeSnapshot(snapshot.id), true);
    assert.equal(await store.removeSnapshot(snapshot.id), false);
    assert.equal(await store.removeVolume(volume.id), true);
    assert.equal(await store.removeVolume(volume.id), false);
    await store.insertVolume(volumeOf({ id: volume.id }));
    assertSame((await store.getVolume(volume.id))?.metadata, {});
  }),
  storeCase('an object of what is not there is refused', async (store) => {
    await assert.rejects(store.insertSnapshot(snapshotOf(volumeOf())), { code: 'failed' });
    await assert.rejects(store.insertAttachment(attachmentOf(volumeOf())), { code: 'failed' });
    await assert.rejects(store.insertVolume(volumeOf({ typeId: 'none' })), { code: 'failed' });
    assert.equal(await store.countVolumes(), 0);
  }),
];
