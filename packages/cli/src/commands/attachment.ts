import type { Command } from 'commander';
import { attachmentFields } from '../output/json.js';
import { action } from './command-env.js';

const COLUMNS = ['id', 'volume_id', 'status', 'host_name', 'instance', 'device'];

/** Looking at which guests have which volumes. */
export function addAttachmentCommands(program: Command): void {
  const attachment = program.command('attachment').description('attachments: which guest has which volume');
  attachment
    .command('list')
    .description('list attachments')
    .option('--volume <volume>', "only this volume's")
    .action(
      action<[], { volume?: string }>(async (globals, { volume }) => {
        const { inReadSession } = await import('../read-session.js');
        const { findAttachments } = await import('@scoria/manager/records');
        await inReadSession(globals, async ({ store, caller: { projectId }, printer }) => {
          const found = await findAttachments(store, projectId, volume);
          printer.list(found.map(attachmentFields), COLUMNS, 'There are no attachments.');
        });
      }),
    );
  attachment
    .command('show')
    .description('show an attachment, with how its guest reached the volume when it was recorded last')
    .argument('<attachment>', 'its id')
    .action(
      action<[string]>(async (globals, _options, id) => {
        const { inReadSession } = await import('../read-session.js');
        const { findAttachment } = await import('@scoria/manager/records');
        await inReadSession(globals, async ({ store, caller, printer }) => {
          printer.object(attachmentFields(await findAttachment(store, caller.projectId, id)));
        });
      }),
    );
}
