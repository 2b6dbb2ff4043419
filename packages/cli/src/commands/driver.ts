import type { Command } from 'commander';
import { action } from './command-env.js';

/** The drivers that come with the command, and any other by its package. */
export function addDriverCommands(program: Command): void {
  const driver = program.command('driver').description('drivers: what they can do, and their options');
  driver
    .command('list')
    .description('list the drivers that come with this command')
    .action(
      action<[]>(async (globals) => {
        const { loadPlugin } = await import('@scoria/core');
        const { DRIVERS } = await import('../drivers.js');
        const { Printer } = await import('../output/printer.js');
        const rows = await Promise.all(
          DRIVERS.packages.map(async (volume_driver) => {
            const { name, capabilities } = await loadPlugin(volume_driver);
            return { name, volume_driver, capabilities };
          }),
        );
        new Printer(globals).list(rows, ['name', 'volume_driver', 'capabilities'], 'There are no drivers.');
      }),
    );
  driver
    .command('show')
    .description("show a driver's options, with what they default to")
    .argument('<driver>', 'its name (local) or package (@scoria/driver-local)')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { describeOptions, loadPlugin } = await import('@scoria/core');
        const { DRIVERS } = await import('../drivers.js');
        const { Printer } = await import('../output/printer.js');
        const known = DRIVERS.packages.find((specifier) => specifier.endsWith(`/driver-${name}`));
        const plugin = await loadPlugin(known ?? name);
        const options = describeOptions(plugin.options);
        const printer = new Printer(globals);
        if (printer.isJson) {
          printer.document({ name: plugin.name, capabilities: plugin.capabilities, options });
          return;
        }
        printer.text(`${plugin.name}: ${plugin.capabilities.join(', ')}\n`);
        const rows = options.map(({ name: option, type, required, default: value, secret, description }) => ({
          option,
          type,
          default: required ? '(required)' : value,
          secret: secret ? 'secret' : '',
          description,
        }));
        printer.list(rows, ['option', 'type', 'default', 'secret', 'description'], 'It has no options.');
      }),
    );
}
