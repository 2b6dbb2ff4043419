import type { Command } from 'commander';
import { attachmentFields } from '../output/json.js';
import { action } from './command-env.js';
import type { AttachOptions } from './attach-request.js';

/** Giving volumes to guests, and taking them back. */
export function addVolumeAttachmentCommands(volume: Command): void {
  addAttach(volume);
  addDetach(volume);
}

function addAttach(volume: Command): void {
  volume
    .command('attach')
    .description('give a volume to a guest, and print how it is reached; snapshots of it then need the guest')
    .argument('<volume>', 'its id or name')
    .option('--host <name>', "the guest's host; this one unless told")
    .option('--instance <id>', "the guest's id at the compute service (Nova), which is asked for snapshots")
    .option(
      '--monitor <socket>',
      "the socket of the guest's monitor (QMP) on this host, which is asked for snapshots",
    )
    .option('--device <device>', 'its device in the guest, for people: /dev/vdb')
    .option(
      '--connector <json>',
      'more of what the driver needs to know of the host: a file, or JSON (os-brick)',
    )
    .action(
      action<[string], AttachOptions>(async (globals, options, name) => {
        const { attachRequestOf } = await import('./attach-request.js');
        const request = await attachRequestOf(name, options);
        const { inChangingSession } = await import('../session.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          const { done } = await manager.attachVolume(caller, request);
          printer.object(attachmentFields(await done));
        });
      }),
    );
}

function addDetach(volume: Command): void {
  volume
    .command('detach')
    .description('take a volume back from the guest that has it; the guest must have let go of it')
    .argument('<volume>', 'its id or name')
    .argument('[attachment]', 'the id of its attachment; the only one unless told')
    .action(
      action<[string, string | undefined]>(async (globals, _options, name, id) => {
        const { inChangingSession } = await import('../session.js');
        const { attachmentToEnd } = await import('./attachment-to-end.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          const attachment = await attachmentToEnd({ manager, caller }, name, id);
          const { done } = await manager.detachVolume(caller, attachment.id);
          printer.object({ ...attachmentFields(await done), status: 'detached', connection_info: null });
        });
      }),
    );
}
