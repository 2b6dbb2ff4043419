import type { CloudAnswer, JobEnd } from '@scoria/testkit';
import type { AskedChange } from './snapshot-reports.js';
import { DiskStage, LOWER, OVERLAY, SERVER, SNAPSHOT, VOLUME } from '../spec-support/disk-stage.js';

const CREATED = { status: 'creating', progress: '90%' };
const DELETED = { status: 'deleting', progress: '90%' };
const TAKE = 'switch to volume-1.bbbb';
const COMMIT = 'commit volume-1.aaaa into volume-1';
const PULL = 'pull volume-1.aaaa into volume-1.bbbb, down to volume-1';

type ChangeName = 'take' | 'commit' | 'pull';
const CHANGES: [ChangeName, typeof CREATED, string][] = [
  ['take', CREATED, 'error'],
  ['commit', DELETED, 'error_deleting'],
  ['pull', DELETED, 'error_deleting'],
];

describe('Nova is asked', () => {
  it('to switch to an overlay, by its plain name, for the volume as Nova knows it', async () => {
    await using stage = await DiskStage.open(CREATED);
    await stage.take();
    expect(stage.cloud.to('POST', '/os-assisted-volume-snapshots')).toMatchObject([
      {
        path: '/compute/v2.1/os-assisted-volume-snapshots',
        body: {
          snapshot: {
            volume_id: VOLUME,
            create_info: { type: 'qcow2', snapshot_id: SNAPSHOT, new_file: 'volume-1.bbbb' },
          },
        },
        headers: {
          'openstack-api-version': 'compute 2.1',
          'x-openstack-request-id': stage.context.requestId,
        },
      },
    ]);
  });

  it.each<[string, (stage: DiskStage) => Promise<void>, object]>([
    ['commit', (stage) => stage.commit(), { file_to_merge: 'volume-1.aaaa', merge_target_file: 'volume-1' }],
    ['pull', (stage) => stage.pull(), { file_to_merge: 'volume-1', merge_target_file: null }],
    ['pull all there is', (stage) => stage.pull(false), { file_to_merge: null, merge_target_file: null }],
  ])('to %s', async (_, change, files) => {
    await using stage = await DiskStage.open(DELETED);
    await change(stage);
    const [request, ...more] = stage.cloud.to('DELETE', `/os-assisted-volume-snapshots/${SNAPSHOT}`);
    expect(more).toEqual([]);
    expect(JSON.parse(request?.query.get('delete_info') ?? '')).toEqual({
      type: 'qcow2',
      volume_id: VOLUME,
      ...files,
    });
  });

  it.each(CHANGES)('to %s once only: it waits for the report', async (name, done) => {
    await using stage = await DiskStage.open({ ...done, progress: '40%' });
    let looks = 0;
    stage.reports.onRead = () => {
      looks += 1;
      if (looks === 20) stage.reports.report = done;
    };
    await stage[name]();
    expect(looks).toBe(20);
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });

  it('with a new token where the one it had is not good any more', async () => {
    await using stage = await DiskStage.open(CREATED);
    const disk = await stage.disk();
    stage.cloud.keystone.tokens.clear();
    await disk.takeSnapshot(stage.context, { active: LOWER, overlay: OVERLAY });
    expect(stage.cloud.to('POST', '/auth/tokens')).toHaveLength(2);
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });

  it('nothing to flush, nothing to close, and nothing about other files', async () => {
    await using stage = await DiskStage.open();
    await using disk = await stage.disk();
    await disk.flush(stage.context, { active: OVERLAY, scratch: '/x' });
    expect(await disk.hasOpen(OVERLAY)).toBeUndefined();
    expect(stage.cloud.nova.jobs).toEqual([]);
  });
});

describe('the wait', () => {
  it.each<[ChangeName, number, number]>([
    ['take', 600_000, 10 + 5 + 8 + 54],
    ['commit', 7_200_000, 10 + 5 + 8 + 714],
  ])('for a %s ends after %d ms, with %d looks that get rarer', async (name, limit, expected) => {
    await using stage = await DiskStage.open();
    let looks = 0;
    stage.reports.onRead = () => {
      looks += 1;
    };
    const began = stage.clock.now();
    const refusal = await stage.refusal(() => stage[name]());
    expect(stage.clock.now() - began).toBe(limit);
    // One look is before the request.
    expect(looks - 1).toBe(expected);
    expect(refusal).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(
        `not reported that it was done within ${String(limit / 1000)} s`,
      ) as string,
      details: { volumeId: 'backend-id', snapshotId: SNAPSHOT, instanceId: SERVER },
    });
  });

  it.each(CHANGES)('for a %s ends at once with the failure of its host', async (name, _, failure) => {
    await using stage = await DiskStage.open({ status: failure, progress: '90%' });
    const began = stage.clock.now();
    expect(await stage.refusal(() => stage[name]())).toMatchObject({
      code: 'failed',
      message: expect.stringContaining(
        `its host could not (reported: ${failure} 90%); the log of nova-compute`,
      ) as string,
    });
    expect(stage.clock.now() - began).toBe(1000);
  });

  it.each<[ChangeName, string]>([
    ['take', 'deleting'],
    ['take', 'error_deleting'],
    ['take', 'available'],
    ['commit', 'creating'],
    ['pull', 'error'],
  ])('for a %s ends at once where %s is reported, which is not of it', async (name, status) => {
    await using stage = await DiskStage.open({ status, progress: '90%' });
    expect(await stage.refusal(() => stage[name]())).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`its report is ${status} 90%, which does not belong to it`) as string,
    });
    expect(stage.clock.now()).toBeLessThan(Date.UTC(2026, 0, 1) + 2000);
  });

  it('ends where the snapshot is not being taken any more', async () => {
    await using stage = await DiskStage.open();
    stage.cloud.nova.work = () => {
      stage.reports.isPassing = false;
      return undefined;
    };
    expect(await stage.refusal(() => stage.take())).toMatchObject({ code: 'unavailable' });
  });

  it('goes on while the records cannot be read', async () => {
    await using stage = await DiskStage.open(CREATED);
    let looks = 0;
    stage.reports.onRead = () => {
      looks += 1;
      if (looks > 1 && looks < 5) throw new Error('the database is away');
    };
    await stage.take();
    expect(stage.logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(3);
  });

  it('is cancelled, and says that the change may go on', async () => {
    await using stage = await DiskStage.open();
    stage.cloud.nova.work = () => {
      stage.abort.abort(new Error('Ctrl-C'));
      return undefined;
    };
    expect(await stage.refusal(() => stage.take())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/cancelled.*it may be done, or go on/) as string,
    });
  });
});

describe('a change that was cut off', () => {
  it.each(CHANGES)('(%s) and is done is not asked for again', async (name, done) => {
    await using stage = await DiskStage.open(done);
    await stage[name]();
    await stage[name]();
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });

  it('after a request that perhaps never left is asked for again, and its success counts', async () => {
    await using stage = await DiskStage.open(DELETED);
    stage.reports.asked = { change: COMMIT, phase: 'deleting', inDoubt: false };
    await stage.commit();
    expect(stage.cloud.nova.jobs).toHaveLength(1);
    expect(stage.reports.asked).toEqual({ change: COMMIT, phase: 'deleting', inDoubt: true });
  });

  it('is waited for where Nova says that it is busy with it', async () => {
    await using stage = await DiskStage.open();
    stage.reports.asked = { change: COMMIT, phase: 'deleting', inDoubt: false };
    stage.cloud.nova.volumes.set(VOLUME, 'busy');
    let looks = 0;
    stage.reports.onRead = () => {
      looks += 1;
      if (looks === 9) stage.reports.report = DELETED;
    };
    await stage.commit();
    expect(looks).toBe(9);
    expect(stage.logger.lines).toMatchObject([
      { level: 'info', message: expect.stringContaining('waited for') as string },
    ]);
  });

  it.each<[string, () => CloudAnswer | undefined]>([
    ['its host says that it cannot', () => undefined],
    ['Nova refuses it', () => ({ status: 400, body: { badRequest: { message: 'no such device' } } })],
    ['Nova is not to be had', () => ({ status: 503 })],
  ])('and fails when it is asked for again (%s) may have been done the first time', async (_, answer) => {
    await using stage = await DiskStage.open({ status: 'error', progress: '90%' });
    stage.reports.asked = { change: TAKE, phase: 'creating', inDoubt: false };
    stage.cloud.intercept = ({ path }) => (path.startsWith('/compute') ? answer() : undefined);
    for (const _try of [1, 2]) {
      expect(await stage.refusal(() => stage.take())).toMatchObject({ code: 'unavailable' });
      expect(await (await stage.disk()).hasOpen(OVERLAY)).toBeUndefined();
    }
  });

  it('is not taken for done by what was reported of another change', async () => {
    await using stage = await DiskStage.open(DELETED);
    stage.reports.asked = { change: COMMIT, phase: 'deleting', inDoubt: true };
    stage.reports.report = DELETED;
    await stage.pull();
    expect(stage.cloud.nova.jobs).toHaveLength(1);
    expect(stage.reports.asked).toEqual({
      change: PULL,
      phase: 'deleting',
      inDoubt: false,
    });
  });

  it('is begun afresh where its host had refused it', async () => {
    await using stage = await DiskStage.open({ status: 'error' });
    await stage.refusal(() => stage.take());
    stage.end = CREATED;
    await stage.take();
    expect(stage.cloud.nova.jobs).toHaveLength(2);
    expect(stage.reports.asked).toEqual({ change: TAKE, phase: 'creating', inDoubt: false });
  });
});

describe('a report that is lost', () => {
  const asked: Record<ChangeName, AskedChange> = {
    take: { change: TAKE, phase: 'creating', inDoubt: false },
    commit: { change: COMMIT, phase: 'deleting', inDoubt: false },
    pull: { change: PULL, phase: 'deleting', inDoubt: false },
  };
  const failureOf = (name: ChangeName): JobEnd => ({
    status: name === 'take' ? 'error' : 'error_deleting',
    progress: '90%',
  });

  it.each(CHANGES)('(%s) is not waited for where the files show the change', async (name) => {
    await using stage = await DiskStage.open();
    const began = stage.clock.now();
    stage.shown = async () => Promise.resolve(stage.clock.now() - began > 30_000 ? 'made' : 'going-on');
    await stage[name]();
    expect(stage.clock.now() - began).toBeLessThan(60_000);
    expect(stage.cloud.nova.jobs).toHaveLength(1);
  });

  it.each(CHANGES)('(%s) by the death of who asked: nothing is asked of Nova', async (name) => {
    await using stage = await DiskStage.open();
    stage.reports.asked = asked[name];
    stage.shown = async () => Promise.resolve('made');
    const began = stage.clock.now();
    await stage[name]();
    expect(stage.clock.now()).toBe(began);
    expect(stage.cloud.nova.jobs).toEqual([]);
  });

  it('shows a disk that is closed as settled', async () => {
    await using stage = await DiskStage.open();
    stage.reports.asked = asked.take;
    const disk = await stage.disk();
    const shown = async (): Promise<'made'> => Promise.resolve('made');
    await disk.takeSnapshot(stage.context, { active: LOWER, overlay: OVERLAY, shown });
    await disk[Symbol.asyncDispose]();
    expect(stage.reports.settled).toEqual(['done']);
  });

  it.each(CHANGES)('(%s): the files are not believed for a moment only', async (name, done) => {
    await using stage = await DiskStage.open();
    let looks = 0;
    stage.shown = async () => {
      looks += 1;
      if (looks === 40) stage.reports.report = done;
      return Promise.resolve(looks % 2 === 0 ? undefined : 'made');
    };
    await stage[name]();
    expect(looks).toBe(41);
  });

  it.each(CHANGES)(
    '(%s), and asked again fails while the first goes on: that one is waited for',
    async (name) => {
      await using stage = await DiskStage.open(failureOf(name));
      stage.reports.asked = asked[name];
      const began = stage.clock.now();
      stage.shown = async () => Promise.resolve(stage.clock.now() - began > 300_000 ? 'made' : 'going-on');
      await stage[name]();
      expect(stage.clock.now() - began).toBeGreaterThan(300_000);
      expect(stage.cloud.nova.jobs).toHaveLength(1);
    },
  );

  it.each(CHANGES)('(%s), and asked again fails: the report of the first counts', async (name, done) => {
    await using stage = await DiskStage.open(failureOf(name));
    stage.reports.asked = asked[name];
    let looks = 0;
    stage.reports.onRead = () => {
      looks += 1;
      if (looks === 20) stage.reports.report = done;
    };
    await stage[name]();
    expect(looks).toBe(20);
  });

  it.each(CHANGES)('(%s), asked again fails, and nothing shows more: a minute is waited', async (name) => {
    await using stage = await DiskStage.open(failureOf(name));
    stage.reports.asked = asked[name];
    const began = stage.clock.now();
    expect(await stage.refusal(() => stage[name]())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/asked twice.*next operation on the volume looks again/) as string,
    });
    expect(stage.clock.now() - began).toBe(61_000);
  });

  it.each(CHANGES)(
    '(%s), and its server is at something else: it is asked again when it is not',
    async (...args) => {
      const [name, done] = args;
      await using stage = await DiskStage.open(done);
      stage.reports.asked = asked[name];
      stage.cloud.nova.volumes.set(VOLUME, 'busy');
      let looks = 0;
      stage.reports.onRead = () => {
        looks += 1;
        if (looks === 35) stage.cloud.nova.volumes.set(VOLUME, 'ready');
      };
      const began = stage.clock.now();
      await stage[name]();
      expect(stage.cloud.nova.jobs).toHaveLength(1);
      expect(stage.clock.now() - began).toBeLessThan(60_000);
    },
  );

  it.each<[ChangeName, 'busy' | 'stopped']>([
    ['take', 'busy'],
    ['commit', 'busy'],
    ['pull', 'busy'],
    ['commit', 'stopped'],
  ])('(%s), and its server is %s for long: it is given up after two minutes', async (name, state) => {
    await using stage = await DiskStage.open();
    stage.reports.asked = asked[name];
    stage.cloud.nova.volumes.set(VOLUME, state);
    const began = stage.clock.now();
    expect(await stage.refusal(() => stage[name]())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/at something else.*for 120 s now.*detach the volume/) as string,
    });
    expect(stage.clock.now() - began).toBe(120_000);
    // What was asked for stays noted.
    expect(stage.reports.asked).toMatchObject({ change: asked[name].change, inDoubt: true });
  });
});

describe('a disk that is closed', () => {
  it.each<[string, boolean, JobEnd, readonly string[]]>([
    ['after a report of success is settled', false, CREATED, ['done']],
    ['after one, in doubt before, is settled', true, CREATED, ['done']],
    ['after a refusal is settled', false, { status: 'error', progress: '90%' }, ['failed']],
    ['after a refusal of one of two requests is not', true, { status: 'error', progress: '90%' }, []],
    ['while nothing is reported is not', false, undefined, []],
    ['after a report that does not belong to it is not', false, DELETED, []],
  ])('%s', async (_, inDoubt, report, settled) => {
    await using stage = await DiskStage.open();
    stage.reports.asked = { change: TAKE, phase: 'creating', inDoubt };
    stage.reports.report = report;
    await (await stage.disk())[Symbol.asyncDispose]();
    expect(stage.reports.settled).toEqual(settled);
  });

  it('hides no other failure where the records cannot be written', async () => {
    await using stage = await DiskStage.open();
    const disk = await stage.disk();
    stage.reports.onRead = () => {
      throw new Error('the database is gone');
    };
    await disk[Symbol.asyncDispose]();
    expect(stage.logger.lines).toMatchObject([{ level: 'warn' }]);
  });
});

describe('whether the guest has the overlay open', () => {
  it.each<[string, { status: string; progress?: string } | undefined, boolean | undefined]>([
    ['is known once the switch is reported', CREATED, true],
    ['is known once a refusal is reported', { status: 'error', progress: '90%' }, false],
    ['is not known while nothing is', undefined, undefined],
    ['is not known half-way', { status: 'creating', progress: '50%' }, undefined],
  ])('%s', async (_, report, expected) => {
    await using stage = await DiskStage.open();
    stage.reports.asked = { change: TAKE, phase: 'creating', inDoubt: false };
    stage.reports.report = report;
    const disk = await stage.disk();
    expect(await disk.hasOpen(OVERLAY)).toBe(expected);
    expect(await disk.hasOpen(LOWER.path)).toBeUndefined();
  });
});

describe('a request that Nova does not take', () => {
  const said = (name: string, message: string): object => ({ [name]: { code: 1, message } });
  it.each<[string, CloudAnswer, 'failed' | 'unavailable', RegExp]>([
    [
      'volume of no server',
      { status: 400, body: said('badRequest', 'No volume\n Block Device') },
      'failed',
      /it refuses, as it does where the volume is attached to no server or to several \("No volume Block Device"\)$/,
    ],
    [
      'server at something else',
      { status: 400, body: said('badRequest', 'Cannot do while the instance is in this state') },
      'failed',
      /the server is at something else .*; try again when it has ended$/,
    ],
    ['409', { status: 409 }, 'failed', /the server is at something else; try again/],
    ['401', { status: 401 }, 'failed', /does not take the token, nor a new one: correct the credentials$/],
    ['403', { status: 403 }, 'failed', /the user may not: it needs the role/],
    [
      '404',
      { status: 404, body: '<html>hunter2</html>' },
      'failed',
      /it knows no such snapshot, server or address/,
    ],
    [
      'redirect',
      { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
      'failed',
      /it sends us elsewhere \(307\), where no token is sent/,
    ],
    ['429', { status: 429 }, 'failed', /its answer was 429$/],
    [
      '500',
      { status: 500, body: said('computeFault', 'Unexpected') },
      'unavailable',
      /its answer was 500 \("Unexpected"\)/,
    ],
    [
      '503',
      { status: 503, body: 'hunter2' },
      'unavailable',
      /its answer was 503; look into its log; it may be done/,
    ],
    [
      'success of something else',
      { status: 200, body: '<html>hunter2</html>' },
      'unavailable',
      /its answer was 200/,
    ],
    ['success without a body', { status: 202 }, 'unavailable', /its answer was 202/],
    [
      'endless message',
      { status: 400, body: said('badRequest', 'x'.repeat(5000)) },
      'failed',
      /\("x{300}\.\.\."\)$/,
    ],
  ])('(%s) says so, with the volume, the snapshot and the server', async (_, answer, code, expected) => {
    await using stage = await DiskStage.open();
    stage.cloud.intercept = ({ path }) => (path.startsWith('/compute') ? answer : undefined);
    const refusal = await stage.refusal(() => stage.take());
    expect(refusal).toMatchObject({
      code,
      details: { volumeId: 'backend-id', snapshotId: SNAPSHOT, instanceId: SERVER, change: TAKE },
    });
    expect(refusal.message).toContain(
      `Nova's server ${SERVER} did not ${TAKE} for the snapshot ${SNAPSHOT} of the volume backend-id: `,
    );
    expect(refusal.message).toMatch(expected);
    // Of a refusal nothing is left; what is in doubt stays noted.
    expect(stage.reports.asked === undefined).toBe(code === 'failed');
  });

  it.each([200, 404])('(%d to a DELETE of another program) is told from a success', async (status) => {
    await using stage = await DiskStage.open();
    stage.cloud.intercept = ({ path }) => (path.startsWith('/compute') ? { status, body: {} } : undefined);
    expect(await stage.refusal(() => stage.pull())).toMatchObject({
      code: status === 200 ? 'unavailable' : 'failed',
    });
  });

  it('(no connection) leaves the chain as it was', async () => {
    await using stage = await DiskStage.open();
    stage.cloud.keystone.catalog = [
      { type: 'compute', endpoints: [{ interface: 'public', region: 'one', url: 'http://127.0.0.1:1' }] },
    ];
    expect(await stage.refusal(() => stage.take())).toMatchObject({
      code: 'failed',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(stage.reports.asked).toBeUndefined();
  });

  it('(no answer) leaves a doubt', async () => {
    await using stage = await DiskStage.open();
    stage.cloud.intercept = ({ path }, response) => {
      if (!path.startsWith('/compute')) return undefined;
      response.destroy();
      return 'hang';
    };
    expect(await stage.refusal(() => stage.take())).toMatchObject({ code: 'unavailable' });
    expect(stage.reports.asked).toEqual({ change: TAKE, phase: 'creating', inDoubt: false });
  });

  it('(cancelled before it began) leaves nothing', async () => {
    await using stage = await DiskStage.open();
    const disk = await stage.disk();
    stage.abort.abort(new Error('Ctrl-C'));
    const take = (): Promise<void> => disk.takeSnapshot(stage.context, { active: LOWER, overlay: OVERLAY });
    expect(await stage.refusal(take)).toMatchObject({ code: 'cancelled' });
    expect(stage.reports.asked).toBeUndefined();
    expect(stage.cloud.nova.jobs).toEqual([]);
  });

  it('(a snapshot without a record) is not sent', async () => {
    await using stage = await DiskStage.open();
    const disk = await stage.disk('another');
    const take = (): Promise<void> => disk.takeSnapshot(stage.context, { active: LOWER, overlay: OVERLAY });
    expect(await stage.refusal(take)).toMatchObject({ code: 'not-supported' });
    expect(stage.cloud.nova.jobs).toEqual([]);
  });

  it('(a name that is none) is not sent', async () => {
    await using stage = await DiskStage.open();
    const disk = await stage.disk();
    const take = (): Promise<void> => disk.takeSnapshot(stage.context, { active: LOWER, overlay: '/srv/..' });
    expect(await stage.refusal(take)).toMatchObject({ code: 'invalid-input' });
  });
});
