import { messageOf } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { aftermath } from './aftermath.js';
import type { Attempt, Operation } from './attempts.js';
import type { Fate } from './fates.js';
import { meet, RUNS } from './fates.js';
import type { KillScene } from './kill-scene.js';
import type { Order } from './orders.js';
import { SLOWLY } from './orders.js';
import type { Tally } from './tally.js';
import type { WorkerSupply } from './worker.js';

/** Where processes are killed, and how. */
export interface KillSite {
  readonly scene: KillScene;
  readonly workers: WorkerSupply;
  readonly tally: Tally;
}

export interface Kill {
  /** At the beginning of this step, counted from 1. */
  readonly atStep?: number;
  /** At some time after the guest's job has begun, which is a slow one then. */
  readonly inJob?: boolean;
  /** The hypervisor is killed at the same moment. */
  readonly withGuest?: boolean;
}

const LONGEST_LOOK_MS = 700;

/**
 * Runs an operation in a process that is to be killed, lets the guest meet its fate, and checks what a new process
 * makes of it.
 * @returns false where the process came to its end before
 */
export async function killOnce(
  site: KillSite,
  operation: Operation,
  kill: Kill,
  fate: Fate,
): Promise<boolean> {
  const { scene, tally } = site;
  const name = `${operation.name}, ${kill.withGuest === true ? 'both killed' : fate.name}`;
  try {
    await scene.haveSnapshots(operation.snapshots);
    const attempt = operation.begin(scene);
    await scene.stop();
    const { daemon } = scene.guest;
    const end = await carryOut(site, attempt, kill);
    const met = await meet(scene, end === 'killed' || daemon.isDead ? fate : RUNS);
    await scene.start({ knowsGuests: scene.random.below(2) === 0 });
    await met();
    // Every other time the operation that settles it finds what is left; else what a guest needs to start.
    if (scene.random.below(2) === 0) await connect(scene);
    const outcome = await aftermath(scene, attempt);
    if (end === 'killed') tally.count(name, outcome);
    return end === 'killed';
  } catch (error) {
    throw new Error(`${name}, ${JSON.stringify(kill)}: ${messageOf(error)}`, { cause: error });
  }
}

/** Kills at each step, one after the other, until the operation comes to its end. */
export async function killAtEachStep(
  site: KillSite,
  operation: Operation,
  fateOf: (step: number) => Fate | undefined,
  kill: Kill = {},
): Promise<void> {
  for (let atStep = 1; ; atStep += 1) {
    const fate = fateOf(atStep);
    if (fate !== undefined && !(await killOnce(site, operation, { ...kill, atStep }, fate))) return;
  }
}

async function carryOut(
  { scene, workers }: KillSite,
  { work }: Attempt,
  { atStep, inJob = false, withGuest = false }: Kill,
): Promise<'done' | 'killed'> {
  const { daemon } = scene.guest;
  await using worker = await workers.take();
  const order: Order = {
    work,
    directory: scene.place.directory,
    format: scene.place.format,
    ...(inJob ? { bytesPerSecond: SLOWLY } : {}),
    ...(atStep === undefined ? {} : { killAtStep: atStep }),
    ...(withGuest && !inJob ? { killBefore: daemon.pid } : {}),
  };
  const killLater = async (): Promise<void> => {
    await sleep(scene.random.below(LONGEST_LOOK_MS));
    worker.kill();
    if (withGuest) await daemon.kill();
  };
  const killing: Promise<void>[] = [];
  const end = await worker.obey(order, (step) => {
    if (inJob && killing.length === 0 && /have the guest (commit|pull)/.test(step)) killing.push(killLater());
  });
  await Promise.all(killing);
  return end;
}

async function connect(scene: KillScene): Promise<void> {
  const { volume } = scene.volume;
  await scene.run((driver, context) => driver.initializeConnection(context, volume, { host: 'here' }));
}
