import type { Command } from 'commander';
import { action } from './command-env.js';

/** The configuration. */
export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('the configuration');
  config
    .command('check')
    .description(
      'say all that is wrong with the configuration, with file and line; starts and changes nothing',
    )
    .action(
      action<[]>(async (globals) => {
        const { checkConfiguration, describeProblem } = await import('@scoria/manager');
        const { configurationSource } = await import('../drivers.js');
        const { Printer } = await import('../output/printer.js');
        const { printable } = await import('../output/escape.js');
        const { configuration, problems } = await checkConfiguration(configurationSource(globals));
        const { file, statePath, enabledBackends } = configuration;
        const errors = problems.filter(({ level }) => level === 'error').length;
        if (errors > 0) process.exitCode = 1;
        const printer = new Printer(globals);
        if (printer.isJson) {
          printer.document({
            file: file ?? null,
            state_path: statePath,
            enabled_backends: enabledBackends,
            problems,
          });
          return;
        }
        const found = problems.map((problem) => `${describeProblem(problem)} (${problem.level})`);
        const verdict = errors === 0 ? 'no errors' : `${String(errors)} error(s)`;
        const subject = file ?? 'the embedded default (no scoria.yaml or cinder.conf here)';
        printer.text([...found, `${subject}: ${verdict}`].map(printable).join('\n'));
      }),
    );
}
