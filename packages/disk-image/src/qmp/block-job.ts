import { DriverError, type Progress } from '@scoria/core';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { QmpExecutor } from './qmp-connection.js';

const FIRST_LOOK_MS = 20;
const LAST_LOOK_MS = 1_000;
/** From here on others may have the monitor between two looks. */
const RELEASE_MS = 150;
/** How long a cancelled job may take to end: it stops at its next request. */
const CANCEL_MS = 30_000;

/** What jobs are run at. Between looks at a long job the monitor is released, where it can be. */
export interface JobMonitor extends QmpExecutor {
  release?(): Promise<void>;
}

/** A job of a monitor, as `query-jobs` lists it. */
interface JobInfo {
  readonly id: string;
  readonly status: string;
  readonly 'current-progress': number;
  readonly 'total-progress': number;
  readonly error?: string;
}

export interface BlockJobOptions {
  /** The job is cancelled when this is aborted. */
  readonly signal: AbortSignal;
  /** The job is cancelled after this long. */
  readonly timeoutMs: number;
  /** The most bytes a second that the job moves; no limit unless given. */
  readonly bytesPerSecond?: number;
  /** Bytes that are done, and bytes there are; the second may grow while a guest writes. */
  readonly progress?: (progress: Progress) => void;
}

/** How to begin a job; its own name of it is `job-id`. */
export interface BlockJobStart {
  /** Unique in the monitor, the same at each try: a job of this name that is there already is waited for. */
  readonly id: string;
  readonly command: 'block-commit' | 'block-stream';
  readonly args: Readonly<Record<string, unknown>>;
}

type End = 'ended' | 'cancelled' | 'timeout';

/**
 * Begins a block job and waits for its end. One that was begun by a process that died is taken up; where that one has
 * failed, it is begun again.
 * @throws DriverError `cancelled` and `timeout` when the job has been cancelled and everything is as it was before;
 *   `no-space` and `failed` where it failed, which changes nothing that a guest sees; `unavailable` where the
 *   connection is lost or the job is: it may go on, and calling this again waits for it
 */
export async function runBlockJob(
  monitor: JobMonitor,
  { id, command, args }: BlockJobStart,
  options: BlockJobOptions,
): Promise<void> {
  if (await finishBlockJob(monitor, id, options)) return;
  throwIfAborted(id, options.signal);
  // It stays when it has ended, until it has been looked at.
  const kept = { 'auto-finalize': true, 'auto-dismiss': false, speed: options.bytesPerSecond ?? 0 };
  await monitor.execute(command, { 'job-id': id, ...args, ...kept });
  const error = await endOf(monitor, id, options);
  if (error !== undefined) throw jobError(id, error);
}

/**
 * Waits for a job that was begun by a process that died, at the speed that is asked for now.
 * @returns whether there was one, and it has done its work
 * @throws DriverError as {@link runBlockJob}
 */
export async function finishBlockJob(
  monitor: JobMonitor,
  id: string,
  options: BlockJobOptions,
): Promise<boolean> {
  const job = await jobIn(monitor, id);
  if (job === undefined) return false;
  const speed = { device: id, speed: options.bytesPerSecond ?? 0 };
  if (job.status === 'running') await orderUnlessEnded(monitor, id, 'block-job-set-speed', speed);
  return (await endOf(monitor, id, options)) === undefined;
}

/** @returns what the job failed with, `undefined` when it has done its work; it is forgotten then */
async function endOf(monitor: JobMonitor, id: string, options: BlockJobOptions): Promise<string | undefined> {
  const end = await waitFor(monitor, id, options);
  if (end === 'ended') return dismiss(monitor, id);
  await orderUnlessEnded(monitor, id, 'job-cancel', { id });
  const patience = { signal: new AbortController().signal, timeoutMs: CANCEL_MS };
  if ((await waitFor(monitor, id, patience)) !== 'ended') {
    throw unavailable(`block job ${id} was cancelled, and has not ended ${CANCEL_MS / 1000} s later`);
  }
  // It may have been faster.
  if ((await dismiss(monitor, id)) === undefined) return undefined;
  throw stopped(id, end);
}

/** Waits for the end of the job, or for a reason to end it. */
async function waitFor(
  monitor: JobMonitor,
  id: string,
  { signal, timeoutMs, progress }: BlockJobOptions,
): Promise<End> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LAST_LOOK_MS)) {
    const job = await requireJob(monitor, id);
    progress?.({ done: job['current-progress'], total: job['total-progress'] });
    if (job.status === 'concluded') return 'ended';
    if (signal.aborted) return 'cancelled';
    if (performance.now() > deadline) return 'timeout';
    if (pause >= RELEASE_MS) await monitor.release?.();
    await sleepUnlessAborted(Math.min(pause, timeoutMs), signal);
  }
}

/** Forgets a job that has ended. @returns what it failed with */
async function dismiss(monitor: JobMonitor, id: string): Promise<string | undefined> {
  const { error } = await requireJob(monitor, id);
  await monitor.execute('job-dismiss', { id });
  return error;
}

/** Gives an order to a job that may end at the same time; then its end counts. */
async function orderUnlessEnded(
  monitor: JobMonitor,
  id: string,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await monitor.execute(command, args);
  } catch (error) {
    if ((await requireJob(monitor, id)).status !== 'concluded') throw error;
  }
}

async function jobIn(monitor: JobMonitor, id: string): Promise<JobInfo | undefined> {
  const jobs = (await monitor.execute('query-jobs')) as readonly JobInfo[];
  return jobs.find((job) => job.id === id);
}

async function requireJob(monitor: JobMonitor, id: string): Promise<JobInfo> {
  const job = await jobIn(monitor, id);
  if (job === undefined) throw unavailable(`block job ${id} is gone, and nobody knows how it ended`);
  return job;
}

async function sleepUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const awake = new AbortController();
  try {
    await Promise.race([
      once(signal, 'abort', { signal: awake.signal }),
      delay(milliseconds, undefined, { signal: awake.signal }),
    ]);
  } finally {
    awake.abort();
  }
}

function throwIfAborted(id: string, signal: AbortSignal): void {
  if (signal.aborted) throw stopped(id, 'cancelled');
}

function stopped(id: string, reason: 'cancelled' | 'timeout'): DriverError {
  const what = reason === 'timeout' ? 'took too long and was cancelled' : 'was cancelled';
  return new DriverError({ code: reason, message: `block job ${id} ${what}` });
}

function jobError(id: string, error: string): DriverError {
  const isFull = /No space left on device/i.test(error);
  return new DriverError({
    code: isFull ? 'no-space' : 'failed',
    message: `block job ${id} failed: ${error}`,
  });
}

function unavailable(message: string): DriverError {
  return new DriverError({ code: 'unavailable', message });
}
