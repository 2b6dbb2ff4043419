import type { Command } from 'commander';
import { parseBytes } from '../output/sizes.js';
import { UsageError } from '../usage-error.js';
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
    .description("write a file's raw bytes, or the disk in a qcow2 file, into a volume")
    .argument('<volume>', 'its id or name')
    .argument('<file>', 'where from; - is standard input')
    .addOption(
      volume
        .createOption('--format <format>', 'what the file is; it is not guessed')
        .choices(['raw', 'qcow2'])
        .default('raw'),
    )
    .option('--offset <bytes>', 'where in the volume to begin', '0')
    .action(
      action<[string, string], { format: 'raw' | 'qcow2'; offset: string }>(
        async (globals, { format, offset }, name, file) => {
          const at = parseBytes(offset);
          if (format === 'raw') {
            const { importVolume } = await import('./import-volume.js');
            await importVolume(globals, name, file, at);
            return;
          }
          if (at !== 0 || file === '-')
            throw new UsageError(
              `--format ${format} needs a file, and its disk begins where the volume begins`,
            );
          const { importImage } = await import('./import-image.js');
          await importImage(globals, name, { file, format });
        },
      ),
    );
}
