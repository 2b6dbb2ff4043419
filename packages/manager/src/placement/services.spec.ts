import { GIB } from '@scoria/core';
import type { BackendRecord } from '@scoria/store';
import { FakeClock } from '@scoria/testkit';
import type { Configuration } from '../configuration.js';
import { ViewStage } from '../views/spec-support/stage.js';
import { Placement } from './placement-service.js';
import { Quotas } from './quotas.js';
import type { NewVolumeType } from './volume-types.js';
import { VolumeTypes } from './volume-types.js';

const configuration = {
  quotas: { volumes: 2, snapshots: -1, gigabytes: 3 },
  backends: [
    { name: 'one', driver: 'acme', options: { volume_backend_name: 'gold' }, optionsAreText: false },
  ],
} as unknown as Configuration;

const backend: BackendRecord = {
  name: 'one',
  driver: 'acme',
  state: 'up',
  capabilities: [],
  pools: [
    {
      name: 'p',
      totalBytes: 10 * GIB,
      freeBytes: 10 * GIB,
      provisionedBytes: 0,
      reservedPercentage: 0,
      maxOverSubscriptionRatio: 1,
      thinProvisioning: false,
    },
  ],
  updatedAt: '2026-01-01T00:00:00.000Z',
};

describe('Placement', () => {
  const placement = new Placement(configuration);

  it('knows backends by the names that are configured for types', () => {
    const extraSpecs = { volume_backend_name: 'gold' };
    expect(placement.candidates([backend], { sizeBytes: GIB, extraSpecs })).toHaveLength(1);
    expect(placement.typeProblems(backend, extraSpecs)).toEqual([]);
    expect(placement.typeProblems(backend, { volume_backend_name: 'one' })).toHaveLength(1);
  });

  it.each<[string, BackendRecord[], string | undefined, string, RegExp]>([
    ['another name', [backend], 'two', 'not-found', /no backend "two"; the enabled ones are one/],
    [
      'one that is down',
      [{ ...backend, state: 'down', reason: 'gone' }],
      'one',
      'backend-down',
      /is down: gone/,
    ],
    ['nothing enabled', [], undefined, 'no-backend', /enabled_backends/],
    ['too little room', [backend], undefined, 'no-backend', /20 GiB: backend one: pool p: 20 GiB do not fit/],
  ])('refuses %s', (_, backends, name, code, message) => {
    const request = { sizeBytes: 20 * GIB, ...(name === undefined ? {} : { backend: name }) };
    const place = (): unknown => placement.candidates(backends, request);
    expect(place).toThrow(message);
    expect(place).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('VolumeTypes', () => {
  it('makes, finds and removes types', async () => {
    await using stage = await ViewStage.open();
    const types = new VolumeTypes(stage.store, new FakeClock());
    const gold = await types.create({ name: 'gold', extraSpecs: { 'capabilities:clone': '<is> True' } });
    expect(await types.list()).toEqual([gold]);
    expect(await types.find('gold')).toEqual(gold);
    expect(await types.find(gold.id)).toEqual(gold);
    await expect(types.create({ name: ' gold ' })).rejects.toMatchObject({ code: 'conflict' });
    const volume = await stage.volume({ typeId: gold.id });
    await expect(types.remove('gold')).rejects.toMatchObject({
      code: 'has-dependents',
      details: { blockers: [volume.id] },
    });
    await stage.store.removeVolume(volume.id);
    await types.remove('gold');
    await expect(types.find('gold')).rejects.toMatchObject({ code: 'not-found' });
  });

  it.each<[string, NewVolumeType, RegExp]>([
    ['no name', { name: ' ' }, /needs a name/],
    ['a long name', { name: 'x'.repeat(256) }, /more than 255/],
    ['a strange key', { name: 'a', extraSpecs: { 'a/b': 'x' } }, /extra spec "a\/b"/],
    ['an empty key', { name: 'a', qosSpecs: { '': 'x' } }, /qos spec ""/],
    ['a value that is no text', { name: 'a', extraSpecs: { a: 1 as unknown as string } }, /no text/],
    ['a long value', { name: 'a', extraSpecs: { a: 'x'.repeat(256) } }, /too long/],
  ])('refuses %s', async (_, request, message) => {
    await using stage = await ViewStage.open();
    const create = new VolumeTypes(stage.store, new FakeClock()).create(request);
    await expect(create).rejects.toThrow(message);
  });
});

describe('Quotas', () => {
  it('counts up to the limits, and all or nothing', async () => {
    await using stage = await ViewStage.open();
    const { store } = stage;
    const quotas = new Quotas(store, configuration);
    const take = async (amounts: Parameters<Quotas['reserve']>[2]): Promise<void> =>
      store.transaction((records) => quotas.reserve(records, 'project', amounts));
    await take({ volumes: 1, gigabytes: 2 * GIB, snapshots: 1000 });
    await expect(take({ volumes: 1, gigabytes: 2 * GIB })).rejects.toMatchObject({
      code: 'quota-exceeded',
      message: expect.stringContaining('may have 3 GiB in all, has 2 GiB and asks for 2 GiB more') as string,
    });
    const inUse = async (): Promise<unknown> =>
      Object.fromEntries((await quotas.usage('project')).map((one) => [one.resource, one.inUse]));
    expect(await inUse()).toEqual({ volumes: 1, gigabytes: 2 * GIB, snapshots: 1000 });
    await quotas.setLimit('project', 'gigabytes', -1);
    await take({ volumes: 1, gigabytes: 100 * GIB });
    await store.transaction((records) =>
      quotas.release(records, 'project', { volumes: 2, gigabytes: 102 * GIB, snapshots: 1000 }),
    );
    expect(await inUse()).toEqual({ volumes: 0, gigabytes: 0, snapshots: 0 });
  });

  it.each([
    ['volumes', -2],
    ['volumes', 1.5],
    ['others', 1],
  ])('refuses %s %p', async (resource, limit) => {
    await using stage = await ViewStage.open();
    const set = new Quotas(stage.store, configuration).setLimit('project', resource as 'volumes', limit);
    await expect(set).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
