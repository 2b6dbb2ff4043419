import type { DriverErrorCode } from '@scoria/core';
import { GIB } from '@scoria/core';
import { plainMemoryPlugin } from '@scoria/testkit';
import { CODES, madeSnapshot, madeVolume, outcome, read, write } from './spec-support/acting.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';
import type { OperationProcess } from './spec-support/operation-stage.js';

describe('making volumes', () => {
  it('makes an empty one where there is the most room, and counts it', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const { initial, done } = await process.volumes.create(CALLER, {
      name: 'data',
      sizeBytes: GIB,
      metadata: { team: 'a' },
    });
    expect(initial).toMatchObject({ status: 'creating', backend: 'one', sizeBytes: GIB });
    const volume = await done;
    expect(volume).toMatchObject({ status: 'available', metadata: { team: 'a' } });
    expect(volume.providerLocation).toBe(volume.pool);
    expect(stage.array('one').names()).toEqual([`volume-${volume.id}`]);
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual({ volumes: 1, snapshots: 0, gigabytes: GIB });
    expect(rows).toEqual(counted);
  });

  it.each([
    ['a clone by the backend', 'clone', {}, 'one'],
    ['a clone by a driver that cannot', 'clone', { one: plainMemoryPlugin, two: plainMemoryPlugin }, 'one'],
    ['a clone on another backend', 'clone', {}, 'two'],
    ['a copy of a snapshot', 'snapshot', {}, 'one'],
    ['a copy of a snapshot on another backend', 'snapshot', {}, 'two'],
  ] as const)('makes %s', async (_, source, plugins, backend) => {
    await using stage = await OperationStage.open(
      'one' in plugins ? { plugins: { one: plainMemoryPlugin, two: plainMemoryPlugin } } : {},
    );
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'first');
    const from =
      source === 'clone' ? { fromVolume: volume } : { fromSnapshot: await madeSnapshot(process, volume) };
    if (source === 'snapshot') await write(process, volume, 'second');
    const { done } = await process.volumes.create(CALLER, { name: 'copy', backend, ...from });
    const copy = await done;
    expect(copy).toMatchObject({ status: 'available', backend, sizeBytes: GIB });
    expect(await read(process, copy.id)).toBe('first');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
  });

  it.each(CODES)('ends in error, or on the next backend, when the driver says %s', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    process.troubles.push({ method: 'createVolume', when: 'before', code });
    const { initial, done } = await process.volumes.create(CALLER, { name: 'data', sizeBytes: GIB });
    await done.catch(() => undefined);
    const volume = await process.volumes.get(CALLER, initial.id);
    expect(stage.array('one').names()).toEqual([]);
    if (code === 'no-space' || code === 'unavailable') {
      expect(volume).toMatchObject({ status: 'available', backend: 'two' });
      return;
    }
    expect(volume).toMatchObject({ status: 'error', statusReason: `createVolume said ${code}` });
  });

  it('goes to the next backend with what could not be copied, and leaves nothing on the first', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const { done: sourceDone } = await process.volumes.create(CALLER, {
      name: 'source',
      sizeBytes: GIB,
      backend: 'two',
    });
    const source = await sourceDone;
    process.troubles.push({ method: 'createClonedVolume', when: 'before', code: 'no-space' });
    const { done } = await process.volumes.create(CALLER, { name: 'copy', fromVolume: source.id });
    expect(await done).toMatchObject({ status: 'available', backend: 'one' });
    expect(stage.array('two').names()).toEqual([`volume-${source.id}`]);
  });

  it('says of every backend why it was none', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    for (const backend of ['one', 'two']) {
      process.troubles.push({ method: 'createVolume', when: 'before', code: 'no-space', backend });
    }
    const { initial, done } = await process.volumes.create(CALLER, { name: 'data', sizeBytes: GIB });
    await expect(done).rejects.toMatchObject({ code: 'no-backend' });
    const { statusReason } = await process.volumes.get(CALLER, initial.id);
    expect(statusReason).toMatch(/one: createVolume said no-space; two: createVolume said no-space/);
  });

  it('does not remove what was there before it', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    process.troubles.push({ method: 'createVolume', when: 'after', code: 'already-exists' });
    const { initial, done } = await process.volumes.create(CALLER, { name: 'data', sizeBytes: GIB });
    await done.catch(() => undefined);
    expect(stage.array('one').names()).toEqual([`volume-${initial.id}`]);
  });

  it.each<[string, Parameters<OperationProcess['volumes']['create']>[1], string]>([
    ['no size', { name: 'a' }, 'invalid-input'],
    ['half a GiB', { name: 'a', sizeBytes: GIB / 2 }, 'invalid-input'],
    ['less than nothing', { name: 'a', sizeBytes: -GIB }, 'invalid-input'],
    ['a long name', { name: 'a'.repeat(256), sizeBytes: GIB }, 'invalid-input'],
    ['an empty metadata key', { name: 'a', sizeBytes: GIB, metadata: { '': 'x' } }, 'invalid-input'],
    ['a source that is not there', { name: 'a', fromVolume: 'b' }, 'not-found'],
    ['a backend that is not there', { name: 'a', sizeBytes: GIB, backend: 'x' }, 'not-found'],
    ['a type that is not there', { name: 'a', sizeBytes: GIB, type: 'x' }, 'not-found'],
    ['more than there is', { name: 'a', sizeBytes: 1024 * GIB }, 'no-backend'],
    ['more than the quota', { name: 'a', sizeBytes: 3 * GIB }, 'quota-exceeded'],
  ])('refuses %s and writes nothing', async (_, request, code) => {
    await using stage = await OperationStage.open({ quotas: { gigabytes: 2 } });
    const process = await stage.process();
    expect(await outcome(process.volumes.create(CALLER, request))).toBe(code);
    expect(await stage.store.listVolumes()).toEqual([]);
    expect(await stage.store.listOperations()).toEqual([]);
  });
});

describe('deleting volumes', () => {
  it.each(CODES)('when the driver says %s', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.troubles.push({ method: 'deleteVolume', when: 'before', code });
    expect(await outcome(process.volumes.delete(CALLER, volume))).not.toBe('done');
    const back = ['volume-busy', 'snapshot-busy', 'invalid-input', 'invalid-state', 'not-supported'];
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({
      status: back.includes(code) ? 'available' : 'error_deleting',
      statusReason: `deleteVolume said ${code}`,
    });
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('done');
    expect((await stage.quota()).counted).toEqual({ volumes: 0, snapshots: 0, gigabytes: 0 });
    expect(stage.array('one').names()).toEqual([]);
  });

  it('needs a cascade where there are snapshots, and then leaves none', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await madeSnapshot(process, volume, 'one');
    await madeSnapshot(process, volume, 'two');
    expect(await outcome(process.volumes.delete(CALLER, volume))).toBe('has-dependents');
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
    expect(await outcome(process.volumes.delete(CALLER, volume, { cascade: true }))).toBe('done');
    expect(await stage.store.listSnapshots()).toEqual([]);
    expect(stage.array('one').names()).toEqual([]);
    expect((await stage.quota()).counted).toEqual({ volumes: 0, snapshots: 0, gigabytes: 0 });
  });

  it.each<[DriverErrorCode, string, string]>([
    ['snapshot-busy', 'available', 'available'],
    ['failed', 'error_deleting', 'error_deleting'],
  ])('a cascade whose snapshot says %s', async (code, volumeStatus, snapshotStatus) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const older = await madeSnapshot(process, volume, 'older');
    await madeSnapshot(process, volume, 'newer');
    process.troubles.push({ method: 'deleteSnapshot', when: 'before', code });
    expect(await outcome(process.volumes.delete(CALLER, volume, { cascade: true }))).not.toBe('done');
    expect((await process.volumes.get(CALLER, volume)).status).toBe(volumeStatus);
    expect((await process.snapshots.get(CALLER, 'newer')).status).toBe(snapshotStatus);
    expect((await process.snapshots.get(CALLER, older)).status).toBe('available');
    expect(await outcome(process.volumes.delete(CALLER, volume, { cascade: true }))).toBe('done');
  });
});

describe('extending volumes', () => {
  it('grows one, in the records, the quota and on the backend', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    expect(await outcome(process.volumes.extend(CALLER, volume, 2 * GIB))).toBe('done');
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({
      status: 'available',
      sizeBytes: 2 * GIB,
    });
    expect(stage.array('one').provisionedBytes).toBe(2 * GIB);
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual(rows);
  });

  it.each(CODES)('when the driver says %s', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    process.troubles.push({ method: 'extendVolume', when: 'before', code });
    expect(await outcome(process.volumes.extend(CALLER, volume, 2 * GIB))).not.toBe('done');
    const back = ['invalid-input', 'invalid-state', 'not-supported'];
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({
      status: back.includes(code) ? 'available' : 'error_extending',
      sizeBytes: GIB,
    });
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual(rows);
  });

  it.each([
    [GIB, 'invalid-input'],
    [GIB * 1.5, 'invalid-input'],
    [5 * GIB, 'quota-exceeded'],
  ])('to %d is refused', async (size, code) => {
    await using stage = await OperationStage.open({ quotas: { gigabytes: 3 } });
    const process = await stage.process();
    const volume = await madeVolume(process);
    expect(await outcome(process.volumes.extend(CALLER, volume, size))).toBe(code);
    expect((await process.volumes.get(CALLER, volume)).status).toBe('available');
  });
});

describe('putting volumes back', () => {
  it.each([
    ['by the backend', {}],
    ['by a copy', { plugins: { one: plainMemoryPlugin } }],
  ])('%s, also one that was extended', async (_, options) => {
    await using stage = await OperationStage.open(options);
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'first');
    const snapshot = await madeSnapshot(process, volume);
    await write(process, volume, 'second');
    await (
      await process.volumes.extend(CALLER, volume, 2 * GIB)
    ).done;
    expect(await outcome(process.volumes.revert(CALLER, volume, snapshot))).toBe('done');
    expect(await read(process, volume)).toBe('first');
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({
      status: 'available',
      sizeBytes: 2 * GIB,
    });
  });

  it('goes to the newest snapshot only', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const older = await madeSnapshot(process, volume, 'older');
    await madeSnapshot(process, volume, 'newer');
    expect(await outcome(process.volumes.revert(CALLER, volume, older))).toBe('has-dependents');
  });

  it.each(CODES)('when the driver says %s', async (code) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const snapshot = await madeSnapshot(process, volume);
    process.troubles.push({ method: 'revertToSnapshot', when: 'before', code });
    await outcome(process.volumes.revert(CALLER, volume, snapshot));
    const harmless = [
      'volume-busy',
      'snapshot-busy',
      'snapshot-not-found',
      'invalid-input',
      'invalid-state',
      'not-supported',
    ];
    expect((await process.volumes.get(CALLER, volume)).status).toBe(
      harmless.includes(code) ? 'available' : 'error',
    );
  });
});
