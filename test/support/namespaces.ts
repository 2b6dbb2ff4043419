import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

/* A process that does nothing but hold namespaces: it ends when its input does. */

const END_MS = 10_000;

/** Resolves when the namespaces are there, which the first line back says. */
export async function held(holder: ChildProcessWithoutNullStreams): Promise<void> {
  holder.stdin.write('ready\n');
  await Promise.race([once(holder.stdout, 'data'), failureOf(holder)]);
}

async function failureOf(holder: ChildProcessWithoutNullStreams): Promise<never> {
  const [chunk] = (await once(holder.stderr, 'data')) as [Buffer];
  throw new Error(`no namespaces: ${chunk.toString()}`);
}

/** Ends the namespaces, and what is in them. */
export async function end(holder: ChildProcessWithoutNullStreams): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const ended = once(holder, 'close');
  holder.stdin.end();
  const killer = setTimeout(() => holder.kill('SIGKILL'), END_MS);
  await ended;
  clearTimeout(killer);
}
