import type { DriverPlugin } from '@scoria/core';
import { memoryPlugin } from '@scoria/testkit';
import { madeType, madeVolume, outcome } from './spec-support/acting.js';
import type { OperationProcess } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

interface Scene extends AsyncDisposable {
  readonly stage: OperationStage;
  readonly process: OperationProcess;
  readonly volume: string;
  attach(host: string): Promise<string>;
}

async function scene(extraSpecs = { multiattach: '<is> True' }, plugin?: DriverPlugin): Promise<Scene> {
  const stage = await OperationStage.open(plugin === undefined ? {} : { plugins: { one: plugin } });
  const process = await stage.process();
  const volume = await madeVolume(process);
  await madeType(stage, 'shared', extraSpecs);
  await stage.store.changeVolume(volume, ['available'], { typeId: 'shared' });
  return {
    stage,
    process,
    volume,
    attach: async (host) => {
      const connector = { host, initiator: `iqn.${host}` };
      return (await (await process.attachments.attach(CALLER, { volume, connector })).done).id;
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

function hosts({ stage, volume }: Scene): string[] {
  return stage
    .array('one')
    .names()
    .filter((name) => name !== `volume-${volume}`)
    .map((name) => name.replace(`volume-${volume} for `, ''))
    .sort();
}

async function status({ process, volume }: Scene): Promise<string> {
  return (await process.volumes.get(CALLER, volume)).status;
}

describe('a volume for several guests', () => {
  it('stays in use until the last of them has gone', async () => {
    await using on = await scene();
    const first = await on.attach('a');
    const second = await on.attach('b');
    expect([await status(on), hosts(on)]).toEqual(['in-use', ['a', 'b']]);
    expect(await on.process.attachments.list(CALLER, on.volume)).toHaveLength(2);
    expect(await outcome(on.process.volumes.delete(CALLER, on.volume))).toBe('conflict');
    expect(await outcome(on.process.attachments.detach(CALLER, first))).toBe('done');
    expect([await status(on), hosts(on)]).toEqual(['in-use', ['b']]);
    expect(await outcome(on.process.attachments.detach(CALLER, second))).toBe('done');
    expect([await status(on), hosts(on)]).toEqual(['available', []]);
    expect(await outcome(on.process.volumes.delete(CALLER, on.volume))).toBe('done');
  });

  it('keeps the connection of a host for as long as one of its guests has it', async () => {
    await using on = await scene();
    const attachments = [await on.attach('a'), await on.attach('a')];
    expect(await outcome(on.process.attachments.detach(CALLER, attachments[0]!))).toBe('done');
    expect([await status(on), hosts(on)]).toEqual(['in-use', ['a']]);
    expect(await outcome(on.process.attachments.detach(CALLER, attachments[1]!))).toBe('done');
    expect([await status(on), hosts(on)]).toEqual(['available', []]);
  });

  it.each([
    ['a', ['a']],
    ['b', ['a']],
  ])('stays with the first where a second on host %s fails', async (host, expected) => {
    await using on = await scene();
    await on.attach('a');
    on.process.troubles.push({ method: 'initializeConnection', when: 'after', code: 'failed' });
    await expect(on.attach(host)).rejects.toMatchObject({ code: 'operation-failed' });
    expect([await status(on), hosts(on)]).toEqual(['in-use', expected]);
    expect(await on.process.attachments.list(CALLER, on.volume)).toHaveLength(1);
  });

  it.each(['before', 'after'] as const)(
    'stays with the first where a process dies %s giving it to a second',
    async (when) => {
      await using on = await scene();
      await on.attach('a');
      on.process.troubles.push({ method: 'initializeConnection', when });
      on.attach('b').catch(() => undefined);
      await on.process.stuck;
      await on.process.kill();
      await (await on.stage.process()).recover();
      expect([await status(on), hosts(on)]).toEqual(['in-use', ['a']]);
      expect(await on.stage.store.listAttachments(on.volume)).toMatchObject([
        { status: 'attached', host: 'a' },
      ]);
    },
  );

  it.each(['before', 'after'] as const)(
    'stays with one where a process dies %s taking it from the other',
    async (when) => {
      await using on = await scene();
      await on.attach('a');
      const second = await on.attach('b');
      on.process.troubles.push({ method: 'terminateConnection', when });
      await on.process.attachments.detach(CALLER, second);
      await on.process.stuck;
      await on.process.kill();
      await (await on.stage.process()).recover();
      expect([await status(on), hosts(on)]).toEqual(['in-use', ['a']]);
      expect(await on.stage.store.listAttachments(on.volume)).toMatchObject([
        { status: 'attached', host: 'a' },
      ]);
    },
  );

  it.each([
    ['its type does not ask for it', { multiattach: '<is> False' }, undefined],
    [
      'its driver cannot',
      { multiattach: '<is> True' },
      {
        ...memoryPlugin,
        capabilities: memoryPlugin.capabilities.filter((name) => name !== 'multiattach'),
      },
    ],
  ])('is for one only where %s', async (_, extraSpecs, plugin) => {
    await using on = await scene(extraSpecs, plugin);
    await on.attach('a');
    await expect(on.attach('b')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/attaching it is not possible now: .* detach it first/) as unknown,
    });
    expect([await status(on), hosts(on)]).toEqual(['in-use', ['a']]);
  });
});
