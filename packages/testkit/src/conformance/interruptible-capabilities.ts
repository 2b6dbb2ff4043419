import type { OperationContext, Volume } from '@scoria/core';
import { makeVolume } from '../builders.js';
import { backupPoint } from './cases/backups.js';
import { imageOf } from './cases/images.js';
import { typesOf } from './cases/types.js';
import type { Interruptible } from './interruptible.js';
import { cast, id, untouched } from './interruptible.js';
import type { Stage } from './stage.js';

const retypeVolume: Interruptible = {
  name: 'retypeVolume',
  needs: ['retype'],
  prepare: async (stage) => {
    const all = await cast(stage, 2);
    const retyping = { ...all.volume, status: 'retyping' } as const;
    const to = typesOf(stage).at(-1);
    return {
      run: (context) => stage.driver.retypeVolume(context, retyping, to),
      expectations: untouched(all),
      settle: async () => {
        await stage.driver.retypeVolume(stage.context(), retyping, to);
      },
    };
  },
};

const cloneImage: Interruptible = {
  name: 'cloneImage',
  needs: ['cloneImage'],
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const image = await imageOf(stage, all.newest.snapshot);
    const made = makeVolume({ id: id(2), sizeBytes: 2 * stage.size });
    return {
      run: (context) => stage.driver.cloneImage(context, made, image),
      expectations: untouched(all),
      settle: () => stage.deleteVolume({ ...made, status: 'error' }),
      gone: [{ ...made, status: 'available' }],
    };
  },
};

async function openAndClose(stage: Stage, context: OperationContext, volume: Volume): Promise<void> {
  const device = await stage.driver.openBackup(context, volume, backupPoint(2));
  await device.close();
}

/** The backup before it stays; what was to become of this one, its service forgets. */
const openBackup: Interruptible = {
  name: 'openBackup',
  needs: ['backup'],
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const volume = { ...all.volume, status: 'backing-up' } as const;
    await (await stage.driver.openBackup(stage.context(), volume, backupPoint(1))).close();
    return {
      run: (context) => openAndClose(stage, context, volume),
      expectations: untouched(all),
      settle: () => stage.driver.forgetBackup(stage.context(), volume, backupPoint(2).id),
    };
  },
};

const forgetBackup: Interruptible = {
  name: 'forgetBackup',
  needs: ['backup'],
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const { volume } = all;
    for (const number of [1, 2, 3]) {
      await (await stage.driver.openBackup(stage.context(), volume, backupPoint(number))).close();
    }
    return {
      run: (context) => stage.driver.forgetBackup(context, volume, backupPoint(2).id),
      expectations: untouched(all),
      settle: () => stage.driver.forgetBackup(stage.context(), volume, backupPoint(2).id),
    };
  },
};

/** Those of single capabilities; see `INTERRUPTIBLES`. */
export const INTERRUPTIBLE_CAPABILITIES: readonly Interruptible[] = [
  retypeVolume,
  cloneImage,
  openBackup,
  forgetBackup,
];
