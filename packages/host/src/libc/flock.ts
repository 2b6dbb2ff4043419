import { NativeCall } from './call.js';
import { systemCode } from './system-error.js';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const flock = new NativeCall('flock', 'int', ['int', 'int']);

/**
 * Tries to lock an open file, without waiting. The lock belongs to the open file: a child process that
 * inherits the descriptor holds it too.
 * @returns false when another open file holds it
 */
export async function tryFlock(fd: number, mode: 'exclusive' | 'shared'): Promise<boolean> {
  try {
    await flock.call(fd, (mode === 'exclusive' ? LOCK_EX : LOCK_SH) | LOCK_NB);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return false;
    throw error;
  }
}

/** Unlocks for everyone who shares the open file, which closing does not. */
export async function unlockFlock(fd: number): Promise<void> {
  await flock.call(fd, LOCK_UN);
}
