import type { Command } from 'commander';
import { UsageError } from '../usage-error.js';
import { action } from './command-env.js';

const SHELLS = ['bash', 'zsh', 'fish'];

/** Completion for shells, made of the commands themselves. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print the completion for a shell: source <(scoria completion bash)')
    .argument('<shell>', SHELLS.join(', '))
    .action(
      action<[string]>(async (_globals, _options, shell) => {
        if (!SHELLS.includes(shell))
          throw new UsageError(
            `completion is for ${SHELLS.join(', ')}, and not for ${JSON.stringify(shell)}`,
          );
        const { completionScript } = await import('../output/completion-script.js');
        process.stdout.write(completionScript(program, shell));
      }),
    );
}
