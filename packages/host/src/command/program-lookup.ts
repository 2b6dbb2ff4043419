import { CommandError } from '@scoria/core';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** The system's own directories, never the working directory or the caller's `PATH`. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Finds programs by plain name in the system's directories, and remembers where they were. */
export class ProgramLookup {
  readonly systemPath: string;
  readonly #directories: readonly string[];
  readonly #found = new Map<string, string>();

  constructor(systemPath = SYSTEM_PATH) {
    this.systemPath = systemPath;
    this.#directories = systemPath.split(':').filter((directory) => isAbsolute(directory));
  }

  /**
   * @param command a plain name, or an absolute path
   * @returns the absolute path of an executable file
   * Rejects with `command-not-found`.
   */
  async resolve(command: string): Promise<string> {
    const known = this.#found.get(command);
    if (known !== undefined) return known;
    for (const candidate of this.#candidates(command)) {
      if (!(await isExecutable(candidate))) continue;
      if (candidate !== command) this.#found.set(command, candidate);
      return candidate;
    }
    throw notFound(command, isAbsolute(command) ? undefined : this.systemPath);
  }

  /** Looks again for a program that may have been removed since. Rejects with `command-not-found`. */
  async check(command: string): Promise<void> {
    this.#found.delete(command);
    await this.resolve(command);
  }

  #candidates(command: string): readonly string[] {
    if (command.includes('\0')) return [];
    if (isAbsolute(command)) return [command];
    if (command === '' || command.includes('/')) return [];
    return this.#directories.map((directory) => join(directory, command));
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function notFound(command: string, searched?: string): CommandError {
  const where = searched === undefined ? 'is not an executable file' : `was not found in ${searched}`;
  return new CommandError({
    code: 'command-not-found',
    message: `the program '${command}' ${where}`,
    details: { command },
  });
}
