import { GIB } from '@scoria/core';
import { madeVolume } from './spec-support/acting.js';
import type { OperationProcess } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';
import type { Prepared } from './submission.js';
import { Submission } from './submission.js';

type Request = (process: OperationProcess, volume: string) => Promise<Prepared<object, unknown, unknown>>;

const REQUESTS: readonly (readonly [string, Request])[] = [
  ['a migration', (process, volume) => process.volumes.prepareMigrate(CALLER, volume, 'two')],
  [
    'a clone',
    (process, volume) => process.volumes.prepareCreate(CALLER, { name: 'copy', fromVolume: volume }),
  ],
];

it.each(REQUESTS)(
  '%s is not begun with the size that its volume had when it was asked for',
  async (_, request) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await madeVolume(process);
    const prepared = await request(process, volume);
    const { done } = await process.volumes.extend(CALLER, volume, 2 * GIB);
    await done;
    const submitted = process.container
      .get(Submission)
      .submit(CALLER, prepared, () => Promise.resolve(undefined));
    await expect(submitted).rejects.toMatchObject({
      code: 'conflict',
      message: `volume ${volume} changed in this moment (it has ${String(2 * GIB)} bytes now); look at it and try again`,
    });
    expect((await stage.store.listVolumes()).map(({ id, status }) => [id, status])).toEqual([
      [volume, 'available'],
    ]);
    const { counted, rows } = await stage.quota();
    expect(counted).toEqual({ volumes: 1, snapshots: 0, gigabytes: 2 * GIB });
    expect(rows).toEqual(counted);
  },
);
