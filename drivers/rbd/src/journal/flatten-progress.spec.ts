import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { FakeClock, MemoryLogger } from '@scoria/testkit';
import { lookInto } from '../spec-support/simulated-storage.js';
import { FlattenProgresses, PROGRESS_OBJECT } from './flatten-progress.js';

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

describe('how far a flattening is', () => {
  it('is told while it goes on, and no longer', async () => {
    const pool = await lookInto(new SimulatedCeph());
    const clock = new FakeClock();
    const progresses = new FlattenProgresses(clock, new MemoryLogger());
    const note = progresses.note(pool, 'volume-1');
    expect([...(await progresses.read(pool))]).toEqual([]);
    note.tell();
    await soon();
    note.update(3, 8);
    note.tell();
    await soon();
    expect([...(await progresses.read(pool))]).toEqual([['volume-1', { percent: 37, at: clock.now() }]]);
    await note.end();
    expect(await progresses.images(pool)).toEqual([]);
  });

  it('is told again now and then, and forgotten of who is silent', async () => {
    const pool = await lookInto(new SimulatedCeph());
    const clock = new FakeClock();
    const progresses = new FlattenProgresses(clock, new MemoryLogger());
    const [living, dead] = [progresses.note(pool, 'living'), progresses.note(pool, 'dead')];
    for (const note of [living, dead]) note.tell();
    await soon();
    await clock.advance(59_000);
    living.tell();
    await soon();
    await clock.advance(2000);
    expect([...(await progresses.read(pool)).keys()]).toEqual(['living']);
    expect(await progresses.images(pool)).toEqual(['dead', 'living']);
  });

  it('is nothing that a flattening could fail by', async () => {
    const ceph = new SimulatedCeph();
    const client = new SimulatedRbdClient(ceph);
    const pool = await (await client.connect({ timeoutMs: 1000 })).openPool('rbd');
    const logger = new MemoryLogger();
    const progresses = new FlattenProgresses(new FakeClock(), logger);
    const note = progresses.note(pool, 'volume-1');
    client.faults.add({ effect: { kind: 'fail', code: 'failed' }, times: 2 });
    note.tell();
    await note.end();
    expect(logger.lines.map(({ message }) => message)).toEqual([
      expect.stringContaining('how far volume-1 is flattened is not told'),
      expect.stringContaining('how far volume-1 is flattened is not told'),
    ]);
    await pool.setKeys(PROGRESS_OBJECT, new Map([['volume-2', Buffer.from('what others wrote')]]));
    expect([...(await progresses.read(pool))]).toEqual([]);
  });
});
