import { DriverError } from '@scoria/core';
import { stat, statfs } from 'node:fs/promises';
import type { ShareDirectory } from '../chain/share-directory.js';
import type { Plan, Step } from '../plan/plan.js';

/** What a merge may write besides the data: tables of the file it goes into. */
const TABLES_BYTES = 1024 * 1024;

type MergeStep = Extract<Step, { kind: 'commit' | 'guest-commit' | 'guest-pull' }>;

/** `stat` counts allocated blocks in this unit, whatever the file system's own. */
const BLOCK_BYTES = 512;

/**
 * A merge that runs out of room half-way has changed the snapshot that is being deleted. So it is not begun
 * unless everything in the file would fit, whether or not the place it goes to has room allocated already.
 * @throws DriverError `no-space`; nothing was changed
 */
export async function requireRoomToMerge(directory: ShareDirectory, plan: Plan): Promise<void> {
  for (const step of plan.steps) {
    if (step.kind !== 'commit' && step.kind !== 'guest-commit' && step.kind !== 'guest-pull') continue;
    const { blocks } = await stat(directory.file(step.file));
    const needed = blocks * BLOCK_BYTES + TABLES_BYTES;
    const { bavail, bsize } = await statfs(directory.path);
    if (bavail * bsize >= needed) continue;
    throw new DriverError({
      code: 'no-space',
      message:
        `${step.file} is not merged into ${targetOf(step)}: that may need ${String(needed)} bytes, and ` +
        `the share has ${String(bavail * bsize)} left. Nothing was changed; free some room on the share`,
      details: { file: step.file, neededBytes: needed, freeBytes: bavail * bsize },
    });
  }
}

function targetOf(step: MergeStep): string {
  switch (step.kind) {
    case 'commit':
      return step.below[0].file;
    case 'guest-commit':
      return step.base.file;
    case 'guest-pull':
      return step.active;
  }
}
