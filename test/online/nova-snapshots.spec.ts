import type { Taken } from './volume-at-nova.js';
import { CALLER, VolumeAtNova } from './volume-at-nova.js';

describe('a volume whose guest is at Nova', () => {
  it('has snapshots taken, and the middle one, the newest and the oldest deleted', async () => {
    await using stage = await VolumeAtNova.open();
    const taken = [];
    for (let count = 0; count < 3; count += 1) {
      await stage.guest.afterWrites(20);
      taken.push(await stage.take());
      await stage.check(...taken);
    }
    for (const index of [1, 1, 0]) {
      await stage.guest.afterWrites(10);
      await stage.remove(taken.splice(index, 1)[0]!);
      await stage.check(...taken);
    }
    await stage.finish();
    expect(stage.host.looks.map(({ status }) => status)).toEqual(['available', 'available', 'available']);
    expect(stage.cloud.nova.reported).toEqual([202, 202, 202, 202, 202, 202]);
  });

  it('is cloned, by a snapshot that Nova sees until it has the new file', async () => {
    await using stage = await VolumeAtNova.open();
    await stage.guest.afterWrites(20);
    await stage.cloneAndCompare();
    const taken = await stage.take();
    await stage.guest.afterWrites(20);
    await stage.cloneAndCompare();
    await stage.check(taken);
    await stage.remove(taken);
    await stage.host.settled();
    expect(stage.host.looks).toHaveLength(3);
    for (const { status } of stage.host.looks) expect(['available', 'deleting']).toContain(status);
    const volumes = new Set(stage.cloud.nova.jobs.map(({ volumeId }) => volumeId));
    expect(volumes).toEqual(new Set([stage.volumeId]));
    await stage.finish();
  });

  it('is as it was where its host cannot take a snapshot, also for a clone', async () => {
    await using stage = await VolumeAtNova.open();
    const taken = await stage.take();
    stage.host.before = ({ kind }) => (kind === 'create' ? { status: 'error', progress: '90%' } : undefined);
    await expect(stage.take()).rejects.toThrow(/its host could not/);
    await stage.check(taken);
    await expect(stage.cloneAndCompare()).rejects.toThrow(/its host could not/);
    await stage.check(taken);
    stage.host.before = () => undefined;
    for (const { id } of await stage.manager.listSnapshots(CALLER))
      await (
        await stage.manager.deleteSnapshot(CALLER, id)
      ).done;
    for (const { id } of await stage.manager.listVolumes(CALLER))
      if (id !== stage.volumeId) await (await stage.manager.deleteVolume(CALLER, id)).done;
    await stage.check();
    await stage.finish();
  });

  it('is as it was where its host cannot merge, and the deletion can be asked for again', async () => {
    await using stage = await VolumeAtNova.open();
    const taken: Taken[] = [];
    for (let count = 0; count < 2; count += 1) {
      await stage.guest.afterWrites(10);
      taken.push(await stage.take());
    }
    stage.host.before = ({ kind }) =>
      kind === 'delete' ? { status: 'error_deleting', progress: '90%' } : undefined;
    for (const each of taken) await expect(stage.remove(each)).rejects.toThrow(/its host could not/);
    await stage.check();
    // The volume is not held up by it.
    await stage
      .cloneAndCompare()
      .catch((error: unknown) => expect(String(error)).toMatch(/its host could not/));
    stage.host.before = () => undefined;
    for (const each of taken) await stage.remove(each);
    await stage.check();
    await stage.cloneAndCompare();
    await stage.finish();
  });

  it('has a snapshot taken back that Nova does not get to in time, and Nova does not find the file then', async () => {
    await using stage = await VolumeAtNova.open();
    await stage.guest.afterWrites(10);
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let jumps: NodeJS.Timeout | undefined;
    stage.host.before = async () => {
      // The wait begins at some time after the request is answered: once is not enough.
      jumps = setInterval(() => stage.clock.putForward(700_000), 300);
      await answered;
      return undefined;
    };
    await expect(stage.take().finally(() => clearInterval(jumps))).rejects.toThrow(/has not reported/);
    answer();
    await stage.host.settled();
    expect(stage.host.refusals).toEqual(['missing existing file for disk']);
    stage.host.before = () => undefined;
    await stage.check();
    for (const { id } of await stage.manager.listSnapshots(CALLER))
      await (
        await stage.manager.deleteSnapshot(CALLER, id)
      ).done;
    const taken = await stage.take();
    await stage.remove(taken);
    await stage.finish();
  });
});
