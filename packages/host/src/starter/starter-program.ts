/*
 * The starter: a process that starts programs for another one, its parent. It opens no file but its own sources, and
 * keeps none that it is sent, so that starting a program never waits for a file system that hangs, whatever its parent
 * has open there. It ends with its parent, and its programs with it.
 */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { receiveDescriptors } from '../libc/descriptors.js';
import { systemCode } from '../libc/system-error.js';
import { DESCRIPTORS_AT, type StarterReport, type StartOrder } from './starter-messages.js';

function report(message: StarterReport): void {
  // When the parent is gone there is nobody to be told, and this process ends.
  process.send?.(message, () => {});
}

function obey(order: StartOrder): void {
  const descriptors = receiveDescriptors(DESCRIPTORS_AT);
  try {
    if (descriptors.length !== order.descriptors) throw new Error('EMFILE');
    start(order, descriptors);
  } catch (error) {
    report({ id: order.id, failure: systemCode(error) ?? 'EMFILE' });
  } finally {
    // In the same turn: the next program has nothing of this one.
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

/** In a group and session of its own, and in no directory that it would keep from being unmounted. */
function start({ id, file, args, env, hasInput }: StartOrder, descriptors: readonly number[]): void {
  const stdio = hasInput ? [...descriptors] : ['ignore' as const, ...descriptors];
  const child = spawn(file, args, { env, cwd: '/', detached: true, stdio });
  if (child.pid !== undefined) report({ id, pid: child.pid });
  child.once('error', (error) => report({ id, failure: systemCode(error) ?? 'unknown' }));
  child.once('exit', (exitCode, signal) => report({ id, exitCode, signal }));
}

// What is meant for the parent comes to its whole group: it decides what ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
process.on('message', (order) => {
  obey(order as StartOrder);
});
