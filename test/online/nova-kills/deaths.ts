import { setTimeout as sleep } from 'node:timers/promises';
import type { KillAtNova } from './kill-at-nova.js';
import type { OrderEnd } from '../../support/ordered-program.js';

/** What is asked for: a snapshot, or that one of three is deleted, the oldest first. */
export type Change = 'create' | 0 | 1 | 2;
export const CHANGES: readonly Change[] = ['create', 0, 1, 2];
export const SNAPSHOTS = 3;

/** Where Nova is when the manager is killed. */
export type Moment =
  | 'has not heard of it'
  | 'has taken it, and begins later'
  | 'is at it'
  | 'has done it, and nobody hears its report'
  | 'has reported';
export const MOMENTS: readonly Moment[] = [
  'has not heard of it',
  'has taken it, and begins later',
  'is at it',
  'has done it, and nobody hears its report',
  'has reported',
];

/** The most bytes a second of a job that is to be under way still when the next manager comes. */
const SLOWLY = 256 * 1024;
/** Long enough that the next manager has looked, and has asked Nova again. */
const LATER_MS = 1500;
const PATIENCE_MS = 20_000;
/** Where nothing keeps the manager from being done before it is killed; and how often that may be. */
const SHORT_MOMENTS: readonly Moment[] = ['is at it', 'has reported'];
const TRIES = 10;

/** Kills the manager when Nova is where it is to be; then the next one goes on, and everything is looked at. */
export async function killAtMoment(scene: KillAtNova, change: Change, moment: Moment): Promise<void> {
  const tries = SHORT_MOMENTS.includes(moment) ? TRIES : 1;
  for (let count = 0; count < tries; count += 1) {
    const { end } = await tryToKill(scene, change, moment);
    if (end === 'killed') return;
  }
  throw new Error(`it has ended before it was killed, ${String(tries)} times`);
}

/** All of it, also where the manager was faster. */
async function tryToKill(scene: KillAtNova, change: Change, moment: Moment): Promise<OrderEnd> {
  await scene.takeUpTo(SNAPSHOTS);
  const { manager } = scene;
  const goOn = prepare(scene, moment);
  const end = await manager.try(scene.order(change));
  if (end.end === 'failed') throw new Error(`it failed: ${end.failure}`);
  await goOn();
  await scene.rest();
  calmDown(scene);
  await scene.host.settled();
  await scene.rest();
  await scene.settle(change, end);
  return end;
}

/** Kills the manager at the beginning of a step. @returns false where there are not so many */
export async function killAtStep(scene: KillAtNova, change: Change, step: number): Promise<boolean> {
  await scene.takeUpTo(SNAPSHOTS);
  const end: OrderEnd = await scene.manager.try(scene.order(change), step);
  if (end.end === 'failed') throw new Error(`it failed: ${end.failure}`);
  if (end.end === 'killed') {
    await scene.nextManager();
    await scene.rest();
  }
  await scene.host.settled();
  await scene.settle(change, end);
  return end.end === 'killed';
}

/** @returns what brings the next manager, and what Nova does meanwhile */
function prepare(scene: KillAtNova, moment: Moment): () => Promise<void> {
  switch (moment) {
    case 'has not heard of it':
      return loseRequest(scene);
    case 'has taken it, and begins later':
      return beginLater(scene);
    case 'is at it':
      return killInJob(scene);
    case 'has done it, and nobody hears its report':
      return loseReport(scene);
    case 'has reported':
      return killAfterReport(scene);
  }
}

function loseRequest(scene: KillAtNova): () => Promise<void> {
  const { cloud, manager } = scene;
  cloud.intercept = ({ path }, response) => {
    if (!path.includes('/os-assisted-volume-snapshots')) return undefined;
    cloud.intercept = () => undefined;
    manager.kill().then(
      () => response.destroy(),
      () => response.destroy(),
    );
    return 'hang';
  };
  return async () => scene.nextManager();
}

/** The first request waits, and is carried out when the next manager has long looked, or has asked for it itself. */
function beginLater(scene: KillAtNova): () => Promise<void> {
  const { host, manager } = scene;
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  host.before = async () => {
    host.before = () => undefined;
    await manager.kill();
    await begun;
    return undefined;
  };
  return async () => {
    await scene.nextManager();
    await sleep(LATER_MS);
    begin();
  };
}

function killInJob(scene: KillAtNova): () => Promise<void> {
  const { host, manager } = scene;
  host.bytesPerSecond = SLOWLY;
  host.before = () => {
    host.before = () => undefined;
    setTimeout(() => {
      manager.killSoon();
    }, 150);
    return undefined;
  };
  return async () => scene.nextManager();
}

function loseReport(scene: KillAtNova): () => Promise<void> {
  const { cloud, host, manager } = scene;
  cloud.nova.retriesMs = [20];
  host.after = async () => {
    host.after = () => undefined;
    await manager.kill();
  };
  return async () => {
    await host.settled();
    if (cloud.nova.reported.at(-1) !== 'lost') throw new Error('somebody has heard the report');
    await scene.nextManager();
  };
}

function killAfterReport(scene: KillAtNova): () => Promise<void> {
  const { cloud, manager } = scene;
  const { reported } = cloud.nova;
  const before = reported.length;
  const end = performance.now() + PATIENCE_MS;
  const watch = setInterval(() => {
    if (reported.length === before && performance.now() < end) return;
    clearInterval(watch);
    manager.killSoon();
  }, 1);
  return async () => scene.nextManager();
}

function calmDown({ host, cloud }: KillAtNova): void {
  host.before = () => undefined;
  host.after = () => undefined;
  host.bytesPerSecond = undefined;
  cloud.intercept = () => undefined;
  cloud.nova.retriesMs = [500, 1000, 2000];
}
