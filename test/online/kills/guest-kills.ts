import { isDriverError, messageOf } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { aftermath } from './aftermath.js';
import type { Attempt, Operation } from './attempts.js';
import type { Fate } from './fates.js';
import { meet, RUNS } from './fates.js';
import { SLOWLY } from './orders.js';
import type { KillScene } from './kill-scene.js';
import type { Tally } from './tally.js';
import type { GuestCall } from './watched-compute.js';
import { doWork } from './work.js';

/** When a hypervisor is killed by the process that runs an operation on its guest's volume. */
export interface Moment {
  readonly name: string;
  /** What the guest's process is asked for first, or is not asked for any more. */
  readonly call: GuestCall;
  /** While it is at it, or when it has answered. */
  readonly when: 'during' | 'after';
}

const CALL_MS: Readonly<Record<GuestCall, number>> = { switch: 8, flush: 8, commit: 700, pull: 700 };
/** What takes a guest's disk away. */
export interface Death {
  readonly name: string;
  readonly strike: (scene: KillScene) => Promise<void>;
  /** Whether nothing at all can be done after it. */
  readonly endsAll: boolean;
}

/** The crash of a hypervisor. */
export const HYPERVISOR: Death = {
  name: 'the hypervisor is killed',
  strike: async ({ guest }) => guest.daemon.kill(),
  endsAll: false,
};

/** Far longer than any time limit that is to end an operation then. */
const PATIENCE_MS = 90_000;

/** The moments of operations on a volume in use, by what they are made of. */
export function momentsOf({ name }: Operation): Moment[] {
  const job: GuestCall = /newest|only|clone/.test(name) ? 'pull' : 'commit';
  const calls: GuestCall[] = name.startsWith('delete') ? [job, 'flush'] : ['switch'];
  if (name === 'clone') calls.push(job, 'flush');
  return calls.flatMap((call) =>
    (['during', 'after'] as const).map((when) => ({ name: `${when} the ${call}`, call, when })),
  );
}

/**
 * Kills it at the moment; the operation ends with an error where the guest had something left to do.
 * @returns false where the guest was faster
 */
export async function killAtMoment(
  scene: KillScene,
  tally: Tally,
  { operation, moment, fate, death }: { operation: Operation; moment: Moment; fate: Fate; death: Death },
): Promise<boolean> {
  const name = `${operation.name}, ${death.name} ${moment.name}`;
  try {
    await scene.haveSnapshots(operation.snapshots);
    const attempt = operation.begin(scene);
    const { isKilled, error } = await workUntil(scene, attempt, moment, death);
    if (isKilled) requireClear(error, operation, moment, death);
    const met = await meet(scene, isKilled ? fate : RUNS);
    await met();
    const outcome = await aftermath(scene, attempt);
    if (isKilled) tally.count(name, outcome);
    return isKilled;
  } catch (error) {
    throw new Error(`${name}, ${fate.name}: ${messageOf(error)}`, { cause: error });
  }
}

interface WorkEnd {
  readonly isKilled: boolean;
  readonly error: unknown;
}

async function workUntil(
  scene: KillScene,
  { work }: Attempt,
  { call, when }: Moment,
  death: Death,
): Promise<WorkEnd> {
  const { compute } = scene;
  let isOver = false;
  let isKilled = false;
  let killing: Promise<void> | undefined;
  const killNow = async (): Promise<void> => {
    isKilled = !isOver;
    if (isKilled) await death.strike(scene);
  };
  compute.onCall = async (asked, moment) => {
    if (asked !== call || isKilled) return;
    if (moment === 'before') {
      if (when === 'during') killing ??= sleep(scene.random.below(CALL_MS[call])).then(killNow);
    } else if (when === 'after') await killNow();
    else isOver = true;
  };
  if (when === 'during') compute.bytesPerSecond = SLOWLY;
  try {
    const error = await errorOf(scene, work);
    await killing;
    return { error, isKilled };
  } finally {
    compute.onCall = () => undefined;
    compute.bytesPerSecond = undefined;
  }
}

async function errorOf(scene: KillScene, work: Attempt['work']): Promise<unknown> {
  const over = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${work.do} has not ended ${String(PATIENCE_MS / 1000)} s after the kill`);
  });
  try {
    const done = scene.run((driver, context) => doWork(driver, context, work));
    await Promise.race([done, late]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}

/** Of a guest that is dead there is nothing to be had any more: who says that all is well did not look. */
function requireClear(
  error: unknown,
  operation: Operation,
  { call, when }: Moment,
  { endsAll }: Death,
): void {
  // The last that a guest is asked for may be over when it dies.
  const isLast = !endsAll && (call === 'switch' || call === 'flush');
  // A clone is made by then; its temporary snapshot stays until the next operation on the volume.
  const isCleanUp = operation.name === 'clone' && call !== 'switch';
  if (isDriverError(error) || (error === undefined && (isLast || isCleanUp))) return;
  throw new Error(
    `killed ${when} the ${call}, it ended with ${error === undefined ? 'success' : messageOf(error)}`,
  );
}
