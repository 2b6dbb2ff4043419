import { GIB } from '@scoria/core';
import { madeSnapshot, madeVolume } from './spec-support/acting.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

describe('what is in a passing state', () => {
  it('is refused with the operation that has put it there', async () => {
    await using stage = await OperationStage.open();
    const [one, two] = [await stage.process(), await stage.process()];
    const volume = await madeVolume(one);
    one.troubles.push({ method: 'extendVolume', when: 'before' });
    const { operationId } = await one.volumes.extend(CALLER, volume, 2 * GIB);
    await one.stuck;
    await expect(two.volumes.delete(CALLER, volume)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        new RegExp(
          `^volume ${volume} is busy: the operation extend-volume \\(${operationId}\\) has held it since .*` +
            `; wait for it \\(scoria operation watch ${operationId}\\) and try again$`,
        ),
      ) as unknown,
      details: { operationId },
    });
  });

  it('is refused so where it is a snapshot', async () => {
    await using stage = await OperationStage.open();
    const [one, two] = [await stage.process(), await stage.process()];
    const snapshot = await madeSnapshot(one, await madeVolume(one));
    one.troubles.push({ method: 'deleteSnapshot', when: 'before' });
    const { operationId } = await one.snapshots.delete(CALLER, snapshot);
    await one.stuck;
    await expect(two.volumes.create(CALLER, { name: 'copy', fromSnapshot: snapshot })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `snapshot ${snapshot} is busy: the operation delete-snapshot`,
      ) as unknown,
      details: { operationId },
    });
  });

  it('is refused with a way out where no operation is at work on it', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    await stage.store.changeVolume(volume, ['available'], { status: 'extending' });
    await expect(process.volumes.delete(CALLER, volume)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `volume ${volume} is extending, and would have to be available`,
      ) as unknown,
    });
    await expect(process.volumes.delete(CALLER, volume)).rejects.toThrow(`'scoria volume reset ${volume}'`);
  });
});
