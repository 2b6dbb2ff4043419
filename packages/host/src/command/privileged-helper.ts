import { CommandError, messageOf } from '@scoria/core';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AllowRule } from './allow-rule.js';
import { matchesRule } from './allow-rule.js';
import type { CommandLine } from './command-line.js';
import type { PrivilegeOptions } from './privilege-options.js';
import type { ProgramLookup } from './program-lookup.js';

/**
 * The one way by which a program gets more rights than this process has: only what a rule allows, argument
 * by argument. The rules hold for root too, where nothing has to be put in front.
 */
export class PrivilegedHelper {
  readonly #options: PrivilegeOptions;
  readonly #lookup: ProgramLookup;
  readonly #isRoot: boolean;

  constructor(options: PrivilegeOptions, lookup: ProgramLookup, isRoot = process.getuid?.() === 0) {
    this.#options = options;
    this.#lookup = lookup;
    this.#isRoot = isRoot;
  }

  /**
   * @param line the program's absolute path, and its arguments
   * @returns what to run instead
   * Rejects with `command-not-allowed` when no rule fits.
   */
  async authorize(line: CommandLine): Promise<CommandLine> {
    for (const rule of this.#options.allow ?? []) {
      if (!matchesRule(rule, line.args) || !(await this.#isProgram(rule, line))) continue;
      await this.#checkDirectories(rule, line);
      return this.#elevated(line);
    }
    throw notAllowed(line, 'no rule allows these arguments');
  }

  async #isProgram(rule: AllowRule, line: CommandLine): Promise<boolean> {
    if (rule.program === line.file) return true;
    try {
      return (await this.#lookup.resolve(rule.program)) === line.file;
    } catch {
      return false;
    }
  }

  async #checkDirectories(rule: AllowRule, line: CommandLine): Promise<void> {
    for (const [index, pattern] of rule.args.entries()) {
      if (pattern.kind !== 'directory-in') continue;
      const path = line.args[index] ?? '';
      const reason = await (pattern.mounted === true ? whyNotMounted(path) : whyNotDirectory(path));
      if (reason !== undefined) throw notAllowed(line, `${path} ${reason}`);
    }
  }

  async #elevated(line: CommandLine): Promise<CommandLine> {
    const { command = 'sudo', args = ['-n'] } = this.#options;
    if (this.#isRoot || command === 'none') return line;
    return { file: await this.#lookup.resolve(command), args: [...args, line.file, ...line.args] };
  }
}

async function whyNotDirectory(path: string): Promise<string | undefined> {
  try {
    const base = dirname(path);
    if ((await realpath(base)) !== base) return 'is reached through a symbolic link';
    return (await lstat(path)).isDirectory() ? undefined : 'is not a directory';
  } catch (error) {
    return `cannot be looked at: ${messageOf(error)}`;
  }
}

/** From the kernel's list: looking at the directory itself would hang where the server is gone. */
async function whyNotMounted(path: string): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const targets = mounts.split('\n').map((line) => line.split(' ')[4] ?? '');
  return targets.some((target) => unescapeOctal(target) === path) ? undefined : 'is not a mount point';
}

/** The kernel writes a blank as `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

function notAllowed({ file }: CommandLine, why: string): CommandError {
  return new CommandError({
    code: 'command-not-allowed',
    message: `${file} was not run with privileges: ${why}`,
    details: { command: file },
  });
}
