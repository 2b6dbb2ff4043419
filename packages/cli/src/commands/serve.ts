import type { Command } from 'commander';
import { UsageError } from '../usage-error.js';
import { action } from './command-env.js';

/** The volume manager as a process. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the volume manager until it is told to stop; other commands work beside it')
    .option(
      '--listen <host:port>',
      'where to answer HTTP; 127.0.0.1:8776 unless the configuration says otherwise',
    )
    .action(
      action<[], { listen?: string }>(async (globals, { listen }) => {
        const { serve } = await import('../serve/serve.js');
        const { configurationOf } = await import('../session.js');
        const configuration = await configurationOf(globals);
        const logLevel = globals.verbose ? 'debug' : 'info';
        await serve({
          ...configuration,
          logLevel,
          listen: listen === undefined ? configuration.listen : addressOf(listen),
        });
      }),
    );
}

function addressOf(text: string): { host: string; port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65_535)
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  throw new UsageError(`--listen must be HOST:PORT, such as 127.0.0.1:8776, and is ${JSON.stringify(text)}`);
}
