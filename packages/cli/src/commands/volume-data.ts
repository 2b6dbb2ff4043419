import type { Command } from 'commander';
import { parseBytes } from '../output/sizes.js';
import { action } from './command-env.js';

/** A volume's bytes, in and out. */
export function addVolumeDataCommands(volume: Command): void {
  volume
    .command('export')
    .description("write a volume's raw bytes, as a guest sees them, to a file")
    .argument('<volume>', 'its id or name')
    .argument('<file>', 'where to; - is standard output')
    .option('--force', 'replace the file if there is one')
    .action(
      action<[string, string], { force?: boolean }>(async (globals, { force = false }, name, file) => {
        const { exportVolume } = await import('./export-volume.js');
        await exportVolume(globals, name, file, force);
      }),
    );
  volume
    .command('import')
    .description("write a file's raw bytes into a volume")
    .argument('<volume>', 'its id or name')
    .argument('<file>', 'where from; - is standard input')
    .option('--offset <bytes>', 'where in the volume to begin', '0')
    .action(
      action<[string, string], { offset: string }>(async (globals, { offset }, name, file) => {
        const at = parseBytes(offset);
        const { importVolume } = await import('./import-volume.js');
        await importVolume(globals, name, file, at);
      }),
    );
}
