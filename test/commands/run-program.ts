import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = repositoryAbove(path.dirname(fileURLToPath(import.meta.url)));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled program's path. */
export function programOf(relative: string): string {
  return path.join(ROOT, relative);
}

/** The same for a source and for what is compiled of it. */
function repositoryAbove(directory: string): string {
  return existsSync(path.join(directory, 'lerna.json'))
    ? directory
    : repositoryAbove(path.dirname(directory));
}

/** Runs a compiled Node program of this repository to its end. */
export async function runProgram(
  relative: string,
  args: readonly string[] = [],
  cwd = ROOT,
  timeout = 110_000,
): Promise<Ended> {
  const child = spawn(process.execPath, [programOf(relative), ...args], { cwd, timeout });
  child.stdin.end();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

/** Runs `scoria` in a directory. */
export async function scoria(cwd: string, ...args: string[]): Promise<Ended> {
  return runProgram('packages/cli/bin/scoria.cjs', args, cwd);
}
