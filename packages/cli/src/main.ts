import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { createProgram } from './program.js';
import { UsageError } from './usage-error.js';

const WRONG_USAGE = 2;
const HELP_WAS_PRINTED = 'commander.help';

/** Runs the command of `argv`; returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Help and version end the parsing the same way.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === HELP_WAS_PRINTED) return WRONG_USAGE;
    const { reportError } = await import('./output/report-error.js');
    const reason = error instanceof CommanderError ? wrongUsage(program, argv, error) : error;
    return reportError(reason, { json: argv.includes('--json'), verbose: argv.includes('--verbose') });
  }
}

/** What commander found wrong, in the words and on the one line of every other error. */
function wrongUsage(program: Command, argv: readonly string[], { message }: CommanderError): UsageError {
  const [what = '', meant] = message.replace(/^error: /, '').split('\n');
  const hint = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(meant ?? '')?.[1];
  const advice = hint === undefined ? `see ${pathOf(program, argv)} --help` : `did you mean ${hint}?`;
  return new UsageError(`${what.replace(/\.$/, '')}; ${advice}`);
}

/** The command that was called, as far as there is one: `scoria volume create`. */
function pathOf(program: Command, argv: readonly string[]): string {
  const names = ['scoria'];
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((child) => child.name() === word);
    if (next === undefined) continue;
    names.push(word);
    command = next;
  }
  return names.join(' ');
}
