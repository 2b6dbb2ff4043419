import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const STOPPED_WITHIN_MS = 20_000;

/** Running, or asleep until something comes: proc_pid_stat(5). */
const GOING_ON = ['R', 'S', 'D'];

/**
 * Stops a process where it stands, and waits until all of its threads have stopped: on a busy machine one that was told
 * to goes on for a while. SIGCONT has it go on.
 */
export async function standStill(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const end = Date.now() + STOPPED_WITHIN_MS;
  while (threadStates(pid).some((state) => GOING_ON.includes(state))) {
    if (Date.now() > end) {
      process.kill(pid, 'SIGCONT');
      throw new Error(`process ${String(pid)} goes on ${String(STOPPED_WITHIN_MS)} ms after SIGSTOP`);
    }
    await sleep(1);
  }
}

function threadStates(pid: number): string[] {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).map((thread) => stateOf(`${tasks}/${thread}/stat`));
}

/** A thread may end meanwhile. */
function stateOf(file: string): string {
  try {
    return /\) (\S)/.exec(readFileSync(file, 'latin1'))?.[1] ?? 'X';
  } catch {
    return 'X';
  }
}
