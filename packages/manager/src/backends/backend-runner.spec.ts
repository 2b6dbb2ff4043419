import { deferred } from '../engine/spec-support/deferred.js';
import type { BackendRunner } from './backend-runner.js';
import { BackendStage, hang, STATS_MS, until } from './spec-support/backend-stage.js';
import { down } from './spec-support/scripted-driver.js';

const START = ['setup', 'stats'];

function stateOf({ record: { state, reason } }: BackendRunner): unknown[] {
  return reason === undefined ? [state] : [state, reason];
}

/** How long the runner sleeps before it tries again: nothing is called a moment before. */
async function pauseBefore(stage: BackendStage, calls: readonly string[], pause: number): Promise<void> {
  await until(() => stage.clock.sleeping === 1);
  const before = calls.length;
  await stage.clock.advance(pause - 1);
  expect(calls).toHaveLength(before);
  await stage.clock.advance(1);
  await until(() => calls.length > before && stage.clock.sleeping === 1);
}

describe('a start', () => {
  it('brings the backend up, with what is known of it', async () => {
    await using stage = await BackendStage.open();
    const runner = stage.runner();
    expect(runner.record).toMatchObject({ state: 'starting', pools: [], capabilities: [] });
    await runner.start();
    expect(runner.backend?.name).toBe('one');
    expect(runner.record).toMatchObject({ state: 'up', vendorName: 'Scoria', pools: [{}] });
    expect(stage.changes).toMatchObject([{ cameUp: true, record: { state: 'up' } }]);
    await runner.start();
    expect(stage.script('one').calls).toEqual(START);
  });

  it('is one, however many ask for it at a time', async () => {
    await using stage = await BackendStage.open();
    const runner = stage.runner();
    await Promise.all([runner.start(), runner.start(), runner.start()]);
    expect(stage.script('one').calls).toEqual(START);
  });

  it('that fails is ended by the driver, and told with its reason', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    script.setup = down('no route to the array');
    const runner = stage.runner();
    await runner.start();
    expect(runner.backend).toBeUndefined();
    expect(stateOf(runner)).toEqual(['down', 'no route to the array']);
    expect(script.calls).toEqual(['setup', 'teardown']);
    expect(stage.logger.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a backend is down' }),
    );
  });

  it('that fails, as does its end, is told with the first reason', async () => {
    await using stage = await BackendStage.open();
    Object.assign(stage.script('one'), { setup: down('first'), teardown: down('second') });
    const runner = stage.runner();
    await runner.start();
    expect(stateOf(runner)).toEqual(['down', 'first']);
    expect(JSON.stringify(stage.logger.lines)).toContain('second');
  });

  it.each<[string, Parameters<BackendStage['section']>[1], RegExp]>([
    ['is written wrongly', { problem: 'it does not say its volume_driver' }, /^it does not say/],
    ['has wrong options', { options: {} }, /array_name: is required/],
    ['has a driver that is none', { driver: 'node:path' }, /is not what defineDriver/],
  ])('fails where the backend %s', async (_, fields, reason) => {
    await using stage = await BackendStage.open();
    const runner = stage.runner({ section: stage.section('one', fields) });
    await runner.start();
    expect(stateOf(runner)).toEqual(['down', expect.stringMatching(reason)]);
  });

  it('that hangs ends within its limit, also where the end hangs', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    Object.assign(script, { setup: hang, teardown: hang });
    const runner = stage.runner({ stepMs: 20 });
    await runner.start();
    expect(stateOf(runner)).toEqual(['down', 'the start took longer than 0.02 s']);
    expect(script.calls).toEqual(['setup', 'teardown']);
  });

  it('that hung does not go on when it is too late', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    const setup = deferred<undefined>();
    script.setup = () => setup.promise;
    await stage.runner({ stepMs: 20 }).start();
    setup.resolve(undefined);
    await stage.clock.advance(0);
    expect(script.calls).toEqual(['setup', 'teardown']);
  });
});

describe('kept up', () => {
  it('it is tried again after 1, 2 and 4 s, then every minute, until it comes up', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    script.setup = down('off');
    const runner = stage.runner();
    await runner.start();
    runner.keepUp();
    for (const pause of [1000, 2000, 4000, 60_000, 60_000]) await pauseBefore(stage, script.calls, pause);
    expect(script.calls.filter((call) => call === 'teardown')).toHaveLength(6);
    delete script.setup;
    await pauseBefore(stage, script.calls, 60_000);
    expect(stateOf(runner)).toEqual(['up']);
    expect(stage.changes.filter(({ cameUp }) => cameUp)).toHaveLength(1);
  });

  it('its statistics are asked for; without them it is down, with them up again, and not started afresh', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    const runner = stage.runner();
    await runner.start();
    runner.keepUp();
    await pauseBefore(stage, script.calls, STATS_MS);
    expect(script.calls).toEqual([...START, 'stats']);
    script.stats = down('the array does not answer');
    await pauseBefore(stage, script.calls, STATS_MS);
    expect(stateOf(runner)).toEqual(['down', 'the array does not answer']);
    expect(runner.backend).toBeUndefined();
    await pauseBefore(stage, script.calls, 1000);
    delete script.stats;
    await pauseBefore(stage, script.calls, 2000);
    expect(stateOf(runner)).toEqual(['up']);
    expect(script.calls).toEqual([...START, 'stats', 'stats', 'stats', 'stats']);
    expect(stage.changes.filter(({ cameUp }) => cameUp)).toHaveLength(2);
    // The next failure is the first one again.
    script.stats = down('again');
    await pauseBefore(stage, script.calls, STATS_MS);
    await pauseBefore(stage, script.calls, 1000);
  });

  it('without statistics it is asked for them again at least as often as with them', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    const runner = stage.runner({ statsIntervalMs: 3000 });
    await runner.start();
    runner.keepUp();
    script.stats = down('the array does not answer');
    for (const pause of [3000, 1000, 2000, 3000, 3000, 3000]) await pauseBefore(stage, script.calls, pause);
    delete script.stats;
    await pauseBefore(stage, script.calls, 3000);
    expect(stateOf(runner)).toEqual(['up']);
  });

  it('statistics that hang are told of and not asked for twice', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    const runner = stage.runner({ statsIntervalMs: 20 });
    await runner.start();
    const answer = deferred<undefined>();
    script.stats = () => answer.promise;
    await runner.refresh();
    await runner.refresh();
    expect(stateOf(runner)).toEqual(['down', expect.stringMatching(/statistics take longer than 0\.02 s/)]);
    expect(script.calls).toEqual([...START, 'stats']);
    answer.resolve(undefined);
    await answer.promise;
    delete script.stats;
    await runner.start();
    await runner.start();
    expect(stateOf(runner)).toEqual(['up']);
  });
});

describe('a stop', () => {
  it('ends the driver once, and there is no start after it', async () => {
    await using stage = await BackendStage.open();
    const runner = stage.runner();
    await runner.start();
    runner.keepUp();
    await Promise.all([runner.stop(), runner.stop()]);
    await runner.start();
    expect(stage.script('one').calls).toEqual([...START, 'teardown']);
    expect(runner.backend).toBeUndefined();
    expect(stage.clock.sleeping).toBe(0);
  });

  it('during a start that hangs ends it, and it is not told as a failure', async () => {
    await using stage = await BackendStage.open();
    const script = stage.script('one');
    script.setup = hang;
    const runner = stage.runner();
    const starting = runner.start();
    await until(() => script.calls.length > 0);
    await runner.stop();
    await starting;
    expect(script.calls).toEqual(['setup', 'teardown']);
    expect(stage.changes).toEqual([]);
  });

  it('during a driver that hangs while it loads does not wait for it', async () => {
    await using stage = await BackendStage.open();
    const section = stage.section('one', { driver: 'data:text/javascript,await new Promise(() => {})' });
    const runner = stage.runner({ section });
    const starting = runner.start();
    await runner.stop();
    await starting;
    expect(stage.changes).toEqual([]);
  });

  it('while exports are given back does not tell that it came up', async () => {
    await using stage = await BackendStage.open();
    const begun = deferred<undefined>();
    const runner = stage.runner({
      exportAgain: (_, stopping) => {
        begun.resolve(undefined);
        return new Promise((resolve) => {
          stopping.addEventListener('abort', () => {
            resolve();
          });
        });
      },
    });
    const starting = runner.start();
    await begun.promise;
    await runner.stop();
    await starting;
    expect(stage.changes).toEqual([]);
    expect(stage.script('one').calls).toEqual([...START, 'teardown']);
  });

  it.each<[string, () => Promise<void>]>([
    ['hangs', hang],
    ['fails', down('gone')],
  ])('ends where the end of the driver %s', async (_, teardown) => {
    await using stage = await BackendStage.open();
    stage.script('one').teardown = teardown;
    const runner = stage.runner({ stepMs: 20 });
    await runner.start();
    await runner.stop();
    expect(stage.logger.lines).toContainEqual(
      expect.objectContaining({ message: 'a backend could not be stopped' }),
    );
  });
});
