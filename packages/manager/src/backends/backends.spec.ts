import { Container } from 'inversify';
import type { VolumeRecord } from '@scoria/store';
import { anAttachmentRecord, aVolumeRecord } from '../views/spec-support/records.js';
import { RootContainer } from './root-container.js';
import { BackendStage, hang, until } from './spec-support/backend-stage.js';
import { down } from './spec-support/scripted-driver.js';

/** Volumes in the records, by their names: each in the state that is its name's first word. */
async function volumes(stage: BackendStage, backend: string, ...names: string[]): Promise<VolumeRecord[]> {
  return Promise.all(
    names.map(async (name, index) => {
      const id = `${String(index)}1111111-1111-4111-8111-11111111111${backend === 'one' ? '1' : '2'}`;
      const status = name.split(' ')[0] as VolumeRecord['status'];
      const record = aVolumeRecord({ id, name, backend, status });
      await stage.store.insertVolume(record);
      return record;
    }),
  );
}

async function hidden(): Promise<never> {
  return Promise.reject(new Error('the share is away'));
}

describe('backends that are kept up', () => {
  it('come up, are recorded, and listeners are told', async () => {
    await using stage = await BackendStage.open();
    const backends = stage.backends(stage.section('one'), stage.section('two'));
    let ups = 0;
    backends.onUp(() => (ups += 1));
    await backends.keepUp();
    expect(ups).toBe(2);
    expect(await stage.store.listBackends()).toMatchObject([
      { name: 'one', state: 'up' },
      { name: 'two', state: 'up' },
    ]);
    expect(stage.events).toMatchObject([{ type: 'backend-state', state: 'up' }, { state: 'up' }]);
    expect(await backends.open('one')).toMatchObject({ name: 'one', capabilities: [] });
  });

  it('do not need one another: one is down, is tried again, and comes up', async () => {
    await using stage = await BackendStage.open();
    stage.script('one').setup = down('the array is off');
    const backends = stage.backends(stage.section('one'), stage.section('two'));
    await backends.keepUp();
    expect(backends.present).toMatchObject([
      { name: 'one', state: 'down', reason: 'the array is off' },
      { name: 'two', state: 'up' },
    ]);
    await expect(backends.open('one')).rejects.toMatchObject({
      code: 'backend-down',
      message: expect.stringMatching(
        /backend one is down: the array is off; see scoria backend check one/,
      ) as string,
    });
    await expect(backends.open('two')).resolves.toBeDefined();
    delete stage.script('one').setup;
    await until(() => stage.clock.sleeping === 2);
    await stage.clock.advance(1000);
    await until(() => backends.present[0]?.state === 'up');
    expect(stage.script('two').calls).toEqual(['setup', 'stats']);
  });

  it('give exports back before they are up: of what is in use, on this backend', async () => {
    await using stage = await BackendStage.open();
    await volumes(stage, 'one', 'in-use a', 'available b', 'in-use c');
    await volumes(stage, 'two', 'in-use d');
    const script = stage.script('one');
    const backends = stage.backends(stage.section('one'));
    const seen: unknown[] = [];
    script.export = async () => {
      seen.push(backends.present[0]?.state);
      return Promise.resolve();
    };
    await backends.keepUp();
    expect(script.calls.toSorted()).toEqual(['export in-use a', 'export in-use c', 'setup', 'stats']);
    expect(seen).toEqual(['starting', 'starting']);
  });

  it('put a volume in error whose export cannot be had back, and come up', async () => {
    await using stage = await BackendStage.open();
    const [first, second] = await volumes(stage, 'one', 'in-use a', 'in-use b');
    stage.script('one').export = async ({ name }) =>
      name === 'in-use a' ? down('no target')() : Promise.resolve();
    const backends = stage.backends(stage.section('one'));
    await backends.keepUp();
    expect(backends.present).toMatchObject([{ state: 'up' }]);
    expect(await stage.store.getVolume(first?.id ?? '')).toMatchObject({
      status: 'error',
      statusReason: 'its export could not be put back: no target',
    });
    expect(await stage.store.getVolume(second?.id ?? '')).toMatchObject({ status: 'in-use' });
  });

  it('say before they are up how guests reach what they have, as it is now', async () => {
    await using stage = await BackendStage.open();
    const [first, second, third, idle] = await volumes(
      stage,
      'one',
      'in-use a',
      'in-use b',
      'in-use c',
      'available d',
    );
    const connector = { host: 'node-1' };
    const connectionInfo = { driver_volume_type: 'scripted', data: { file: 'old' } };
    const status = 'attached';
    const attachments = await Promise.all(
      [first, second, third, idle].map(async (volume, index) => {
        const id = `5555555${String(index)}-5555-4555-8555-555555555555`;
        const fields = { id, volumeId: volume?.id ?? '', status, connectionInfo } as const;
        // How the third was attached nobody knows.
        const attachment = anAttachmentRecord(index === 2 ? fields : { ...fields, connector });
        await stage.store.insertAttachment(attachment);
        return attachment.id;
      }),
    );
    const script = stage.script('one');
    const backends = stage.backends(stage.section('one'));
    script.connect = async ({ name }) => {
      expect(backends.present[0]?.state).toBe('starting');
      return name === 'in-use b' ? hidden() : Promise.resolve('new');
    };
    await backends.keepUp();
    expect(script.calls.filter((call) => call.startsWith('connect')).sort()).toEqual([
      'connect in-use a for node-1',
      'connect in-use b for node-1',
    ]);
    const recorded = await Promise.all(
      attachments.map(async (id) => (await stage.store.getAttachment(id))?.connectionInfo?.data),
    );
    const old = { file: 'old' };
    expect(recorded).toEqual([{ file: 'new', host: 'node-1' }, undefined, old, old]);
    expect((await stage.store.listVolumes({ status: 'in-use' })).length).toBe(3);
    expect(backends.present).toMatchObject([{ state: 'up' }]);
  });

  it('are asked afresh by a check', async () => {
    await using stage = await BackendStage.open();
    const backends = stage.backends(stage.section('one'));
    await backends.keepUp();
    stage.script('one').stats = down('gone');
    expect(await backends.check('one')).toMatchObject({ state: 'down', reason: 'gone' });
    delete stage.script('one').stats;
    expect(await backends.check('one')).toMatchObject({ state: 'up' });
    expect((await stage.store.listBackends())[0]).toMatchObject({ state: 'up' });
  });

  it('stop all, also one that hangs in its start', async () => {
    await using stage = await BackendStage.open();
    stage.script('one').setup = hang;
    const backends = stage.backends(stage.section('one'), stage.section('two'));
    const keeping = backends.keepUp();
    await until(() => backends.present[1]?.state === 'up' && stage.script('one').calls.length > 0);
    await backends.stop();
    await keeping;
    expect(stage.script('one').calls).toEqual(['setup', 'teardown']);
    expect(stage.script('two').calls).toEqual(['setup', 'stats', 'teardown']);
  });

  it('go on where their state cannot be recorded', async () => {
    await using stage = await BackendStage.open();
    stage.store.putBackend = async () => Promise.reject(new Error('disk full'));
    const backends = stage.backends(stage.section('one'));
    await backends.keepUp();
    expect(backends.present).toMatchObject([{ state: 'up' }]);
    expect(JSON.stringify(stage.logger.lines)).toContain('disk full');
  });
});

describe('backends of a single command', () => {
  it('start when they are needed, and leave records and exports alone', async () => {
    await using stage = await BackendStage.open();
    await volumes(stage, 'one', 'in-use a');
    const backends = stage.backends(stage.section('one'), stage.section('two'));
    await backends.open('one');
    await backends.open('one');
    expect(stage.script('one').calls).toEqual(['setup', 'stats']);
    expect(stage.script('two').calls).toEqual([]);
    expect(await backends.known()).toMatchObject([{ state: 'up' }, { state: 'up' }]);
    expect(await stage.store.listBackends()).toEqual([]);
  });

  it('start alone where only one is asked about', async () => {
    await using stage = await BackendStage.open();
    stage.script('two').setup = hang;
    const backends = stage.backends(stage.section('one'), stage.section('two'));
    expect(await backends.known('one')).toMatchObject([
      { name: 'one', state: 'up' },
      { name: 'two', state: 'starting' },
    ]);
    expect(stage.script('two').calls).toEqual([]);
  });

  it('are not known by names that are not enabled', async () => {
    await using stage = await BackendStage.open();
    await expect(stage.backends(stage.section('one')).open('two')).rejects.toMatchObject({
      code: 'not-found',
      message: 'there is no backend "two" among the enabled ones (one); see enabled_backends',
    });
    await expect(stage.backends().check('one')).rejects.toThrow(/enabled ones \(none\)/);
  });
});

it('the container of the process is found by a name that other copies of this module have too', () => {
  const root = new Container();
  root.bind(RootContainer).toConstantValue(root);
  expect(root.get(Symbol.for('scoria.RootContainer'))).toBe(root);
});
