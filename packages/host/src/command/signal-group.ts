import { systemCode } from '../libc/system-error.js';

/**
 * Signals a process and all its children that have not left its group. Those that are gone, or belong to
 * someone whom this process may not signal (a program that `sudo` runs), are left to whoever waits for them.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
