import { CommanderError } from 'commander';
import { createProgram } from './program.js';

const WRONG_USAGE = 2;

/** Runs the command of `argv`; returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Help and version end the parsing the same way; commander has said what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    const { reportError } = await import('./output/report-error.js');
    const { json = false, verbose = false } = program.opts<{ json?: boolean; verbose?: boolean }>();
    return reportError(error, { json, verbose });
  }
}
