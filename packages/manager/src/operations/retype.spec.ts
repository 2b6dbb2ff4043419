import type { Volume } from '@scoria/core';
import { GIB } from '@scoria/core';
import { plainMemoryPlugin } from '@scoria/testkit';
import { PlanService } from '../views/plan-service.js';
import { CODES, madeSnapshot, madeType, madeVolume, outcome, read, write } from './spec-support/acting.js';
import type { OperationProcess } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

const ON_DEMAND = { migrationPolicy: 'on-demand' } as const;
const connector = { host: 'node-1', initiator: 'iqn.1' };

async function typeOf(stage: OperationStage, volume: string): Promise<unknown> {
  const record = await stage.store.getVolume(volume);
  const stored = stage.array(record?.backend ?? '').volumes.get(`volume-${record?.nameId ?? volume}`);
  return [record?.status, record?.typeId, stored?.typeName];
}

/** What a driver's method is given of a volume from now on. */
async function given(process: OperationProcess, method: string): Promise<Volume[]> {
  const seen: Volume[] = [];
  const { driver } = await process.open('one');
  const open = process.open.bind(process);
  const spied = new Proxy(driver, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== method || typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        seen.push(args[1] as Volume);
        return Reflect.apply(value, target, args);
      };
    },
  });
  process.open = async (name) => (name === 'one' ? { ...(await open(name)), driver: spied } : open(name));
  return seen;
}

describe('another type', () => {
  it('is given to a volume where it is, with its snapshots; data and quota stay', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    await madeSnapshot(process, volume);
    await madeType(stage, 'gold', { 'capabilities:clone': '<is> True' }, { read_iops_sec: '500' });
    const before = await stage.quota();
    const { initial, done } = await process.volumes.retype(CALLER, volume, 'gold');
    expect(initial.status).toBe('retyping');
    expect(await done).toMatchObject({ backend: 'one', typeId: 'gold' });
    expect(await typeOf(stage, volume)).toEqual(['available', 'gold', 'gold']);
    expect(await read(process, volume)).toBe('kept');
    expect(await stage.quota()).toEqual(before);
    expect(await outcome(process.volumes.retype(CALLER, volume, 'gold'))).toBe('invalid-input');
  });

  it('is given while a guest has the volume, and the driver is shown both', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await madeType(stage, 'gold', {}, { read_iops_sec: '500' });
    await (
      await process.attachments.attach(CALLER, { volume, connector })
    ).done;
    const seen = await given(process, 'retypeVolume');
    expect(await outcome(process.volumes.retype(CALLER, volume, 'gold'))).toBe('done');
    expect(await typeOf(stage, volume)).toEqual(['in-use', 'gold', 'gold']);
    expect(seen).toMatchObject([{ status: 'in-use', attachments: [{ host: 'node-1' }] }]);
    expect(seen[0]?.type).toBeUndefined();
  });

  it('is no more than a record where the driver makes nothing of types', async () => {
    await using stage = await OperationStage.open({ plugins: { one: plainMemoryPlugin } });
    const process = await stage.process();
    const volume = await madeVolume(process);
    await madeType(stage, 'gold');
    expect(await outcome(process.volumes.retype(CALLER, volume, 'gold'))).toBe('done');
    expect(await typeOf(stage, volume)).toEqual(['available', 'gold', undefined]);
  });

  it.each([
    ['never', {}, 'not-supported', 'one', undefined],
    ['on demand', ON_DEMAND, 'done', 'two', 'far'],
  ])('of another backend moves the volume: %s', async (_, options, expected, backend, type) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    await madeType(stage, 'far', { volume_backend_name: 'two' });
    expect(await outcome(process.volumes.retype(CALLER, volume, 'far', options))).toBe(expected);
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({ status: 'available', backend });
    expect(await typeOf(stage, volume)).toEqual(['available', type, type]);
    expect(await read(process, volume)).toBe('kept');
    expect(await stage.store.listVolumes()).toHaveLength(1);
  });

  it.each([
    ['never', {}, 'not-supported', 'one'],
    ['on demand', ON_DEMAND, 'done', 'two'],
  ])('that the driver cannot make it moves it: %s', async (_, options, expected, backend) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    await madeType(stage, 'gold');
    const before = await stage.quota();
    process.troubles.push({ method: 'retypeVolume', when: 'before', code: 'not-supported' });
    expect(await outcome(process.volumes.retype(CALLER, volume, 'gold', options))).toBe(expected);
    expect(await process.volumes.get(CALLER, volume)).toMatchObject({ status: 'available', backend });
    expect(await read(process, volume)).toBe('kept');
    expect(await stage.store.listVolumes()).toHaveLength(1);
    expect(await stage.quota()).toEqual(before);
    expect(stage.array('one').names().length + stage.array('two').names().length).toBe(1);
  });

  it('does not move a volume with snapshots, or one that a guest has', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await madeSnapshot(process, volume);
    await madeType(stage, 'gold');
    const refuse = { method: 'retypeVolume', when: 'before', code: 'not-supported' } as const;
    process.troubles.push(refuse);
    const retype = (): Promise<string> => outcome(process.volumes.retype(CALLER, volume, 'gold', ON_DEMAND));
    expect(await retype()).toBe('has-dependents');
    expect(await typeOf(stage, volume)).toEqual(['available', undefined, undefined]);
    await (
      await process.attachments.attach(CALLER, { volume, connector })
    ).done;
    process.troubles.push(refuse);
    await expect((await process.volumes.retype(CALLER, volume, 'gold', ON_DEMAND)).done).rejects.toThrow(
      /detach it, and let it be moved/,
    );
    expect(await typeOf(stage, volume)).toEqual(['in-use', undefined, undefined]);
    expect(await stage.store.listVolumes()).toHaveLength(1);
  });

  it.each(CODES.filter((code) => code !== 'not-supported'))(
    'is not given when the driver says %s',
    async (code) => {
      await using stage = await OperationStage.open();
      const process = await stage.process();
      const volume = await madeVolume(process);
      await madeType(stage, 'gold');
      process.troubles.push({ method: 'retypeVolume', when: 'before', code });
      expect(await outcome(process.volumes.retype(CALLER, volume, 'gold', ON_DEMAND))).not.toBe('done');
      expect(await typeOf(stage, volume)).toEqual(['available', undefined, undefined]);
      expect(await stage.store.listVolumes()).toHaveLength(1);
    },
  );

  it('has a plan', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await madeType(stage, 'gold');
    await madeType(stage, 'far', { volume_backend_name: 'two' });
    const plans = process.container.get(PlanService);
    const where = 'backend one: make the volume what the type asks for, where it is';
    expect(await plans.retypeVolume(CALLER, volume, 'gold')).toMatchObject({
      steps: ['record it as retyping', where, 'record it as available, with type gold'],
      problems: [],
    });
    const mayMove = await plans.retypeVolume(CALLER, volume, 'gold', ON_DEMAND);
    expect(mayMove.steps).toContain('where it cannot, move it to backend two');
    expect((await plans.retypeVolume(CALLER, volume, 'far')).problems).toEqual([
      expect.stringContaining('would have to move to get the type far'),
    ]);
    expect((await plans.retypeVolume(CALLER, volume, 'far', ON_DEMAND)).steps).toContain(
      'read both and compare',
    );
  });
});

describe("a volume's type", () => {
  it.each(['createVolume', 'deleteVolume', 'extendVolume', 'initializeConnection'])(
    'is told to %s',
    async (method) => {
      await using stage = await OperationStage.open();
      const process = await stage.process();
      await madeType(stage, 'gold', { 'acme:metal': 'gold' }, { read_iops_sec: '500' });
      const seen = await given(process, method);
      const request = { name: 'data', sizeBytes: GIB, type: 'gold' };
      const { id } = await (await process.volumes.create(CALLER, request)).done;
      await (
        await process.volumes.extend(CALLER, id, 2 * GIB)
      ).done;
      await process.attachments.connect(CALLER, id, connector);
      await (
        await process.volumes.delete(CALLER, id)
      ).done;
      expect(seen.map(({ type }) => type)).toEqual([
        { name: 'gold', extraSpecs: { 'acme:metal': 'gold' }, qosSpecs: { read_iops_sec: '500' } },
      ]);
    },
  );
});

describe('a retype whose process is killed', () => {
  it.each([
    ['retypeVolume', 'before', 'one', 'gold', 'one'],
    ['retypeVolume', 'after', 'one', 'gold', 'one'],
    ['createVolume', 'before', 'two', 'far', 'one'],
    ['openDevice', 'after', 'two', 'far', 'one'],
    ['deleteVolume', 'before', 'one', 'far', 'two'],
    ['deleteVolume', 'after', 'one', 'far', 'two'],
  ] as const)('%s, %s, on %s, to %s', async (method, when, on, type, backend) => {
    const expected = type === 'gold' || backend === 'two' ? type : undefined;
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    await madeType(stage, 'gold');
    await madeType(stage, 'far', { volume_backend_name: 'two' });
    const before = await stage.quota();
    process.troubles.push({ method, when, backend: on });
    await process.volumes.retype(CALLER, volume, type, ON_DEMAND);
    await process.stuck;
    await process.kill();
    const other = await stage.process();
    await other.recover();
    expect(await typeOf(stage, volume)).toEqual(['available', expected, expected]);
    expect((await stage.store.getVolume(volume))?.backend).toBe(backend);
    expect(await read(other, volume)).toBe('kept');
    expect(await stage.store.listVolumes()).toHaveLength(1);
    expect(await stage.store.listOperations({ outcome: 'running' })).toEqual([]);
    expect(await stage.quota()).toEqual(before);
  });

  it.each(['before', 'after'] as const)('%s the copy that its driver asked for', async (when) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await write(process, volume, 'kept');
    await madeType(stage, 'gold');
    process.troubles.push({ method: 'retypeVolume', when: 'before', code: 'not-supported' });
    process.troubles.push({ method: 'createVolume', when, backend: 'two' });
    await process.volumes.retype(CALLER, volume, 'gold', ON_DEMAND);
    await process.stuck;
    await process.kill();
    const other = await stage.process();
    await other.recover();
    expect(await typeOf(stage, volume)).toEqual(['available', undefined, undefined]);
    expect(await stage.store.listVolumes()).toHaveLength(1);
    expect(stage.array('two').names()).toEqual([]);
    expect(await outcome(other.volumes.retype(CALLER, volume, 'gold', ON_DEMAND))).toBe('done');
    expect(await read(other, volume)).toBe('kept');
  });
});
