import { Command } from 'commander';
import { addAttachmentCommands } from './commands/attachment.js';
import { addBackendCommands } from './commands/backend.js';
import { addCompletionCommand } from './commands/completion.js';
import { addConfigCommands } from './commands/config.js';
import { addDriverCommands } from './commands/driver.js';
import { addNamesCommand } from './commands/names.js';
import { addOperationCommands } from './commands/operation.js';
import { addServeCommand } from './commands/serve.js';
import { addSettingCommands } from './commands/settings.js';
import { addSnapshotCommands } from './commands/snapshot.js';
import { addVolumeAttachmentCommands } from './commands/volume-attachments.js';
import { addVolumeDataCommands } from './commands/volume-data.js';
import { addVolumeViewCommands } from './commands/volume-views.js';
import { addVolumeCommands } from './commands/volume.js';

const EXAMPLES = `
Examples:
  scoria volume create data --size 10       make a volume of 10 GiB
  scoria snapshot create data monday        keep what it holds now
  scoria volume create copy --from-snapshot monday
  scoria volume chain data                  see what depends on what
  scoria serve                              run the volume manager

Volumes and snapshots are named by their id, or by a name that only one has. Sizes are GiB.
Exit status: 0 done, 1 failed, 2 wrong usage. The configuration is --config FILE, SCORIA_CONFIG, or scoria.yaml or
cinder.conf in the working directory; without any, everything is kept in ./state.`;

/** The whole command; nothing of it runs before it is parsed. */
export function createProgram(): Command {
  const program = new Command('scoria')
    .description('block volumes with snapshots and clones on directories, shares and pools')
    .option('--config <file>', 'the configuration')
    .option('--json', 'print one JSON document, fields named as in the Block Storage API', false)
    .option('--project <id>', 'the project to work in', 'default')
    .option('--verbose', 'log what is done, and show where errors come from', false)
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    // What is wrong is said once, by whoever catches it.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  addServeCommand(program);
  const volume = addVolumeCommands(program);
  addVolumeDataCommands(volume);
  addVolumeViewCommands(volume);
  addVolumeAttachmentCommands(volume);
  addAttachmentCommands(program);
  addSnapshotCommands(program);
  addBackendCommands(program);
  addDriverCommands(program);
  addSettingCommands(program);
  addOperationCommands(program);
  addConfigCommands(program);
  addCompletionCommand(program);
  addNamesCommand(program);
  return program;
}
