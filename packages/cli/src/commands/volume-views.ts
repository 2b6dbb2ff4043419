import type { Command } from 'commander';
import { layerFields, volumeFields } from '../output/json.js';
import { UsageError } from '../usage-error.js';
import { action } from './command-env.js';
import { manageableFields, referenceOf } from './references.js';

/** What a volume is connected with, made of, and in the way of; and volumes that are on a backend already. */
export function addVolumeViewCommands(volume: Command): void {
  addConnect(volume);
  addChain(volume);
  addManage(volume);
}

function addConnect(volume: Command): void {
  volume
    .command('connect')
    .description('print what a host needs to reach a volume (the connection info of os-brick)')
    .argument('<volume>', 'its id or name')
    .option('--host <name>', "the host's name", 'localhost')
    .option('--ip <address>', "the host's address")
    .option('--initiator <name>', "the host's iSCSI initiator")
    .action(
      action<[string], { host: string; ip?: string; initiator?: string }>(
        async (globals, connector, name) => {
          const { inSession } = await import('../session.js');
          const { host, ip, initiator } = connector;
          await inSession(globals, async ({ manager, caller, printer }) => {
            const info = await manager.connectVolume(caller, name, {
              host,
              ...(ip === undefined ? {} : { ip }),
              ...(initiator === undefined ? {} : { initiator }),
            });
            printer.document(info);
          });
        },
      ),
    );
}

function addChain(volume: Command): void {
  volume
    .command('chain')
    .description("draw the layers of a volume's data, and what is in the way of deleting each")
    .argument('<volume>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { inSession } = await import('../session.js');
        const { drawChain } = await import('../output/tree.js');
        await inSession(globals, async ({ manager, caller, printer }) => {
          const nodes = await manager.chain(caller, name);
          if (printer.isJson) printer.document(nodes.map(layerFields));
          else printer.text(drawChain(nodes));
        });
      }),
    );
  volume
    .command('blockers')
    .description('what depends on a volume, what is in the way of deleting it, and what would free it')
    .argument('<volume>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { printDependencies } = await import('./print-dependencies.js');
        await printDependencies(globals, 'volume', name);
      }),
    );
}

function addManage(volume: Command): void {
  volume
    .command('manageable')
    .description('list what is on a backend and no volume yet')
    .argument('<backend>', "the backend's name")
    .action(
      action<[string]>(async (globals, _options, backend) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, caller, printer }) => {
          const found = await manager.listManageable(caller, backend);
          const rows = found.map(manageableFields);
          const columns = ['reference', 'size_bytes', 'safe_to_manage', 'reason_not_safe'];
          printer.list(rows, columns, `There is nothing on backend ${backend} that could be managed.`);
        });
      }),
    );
  volume
    .command('manage')
    .description('take over what is on a backend already, as a volume')
    .argument('<backend>', "the backend's name")
    .argument('<reference>', "its name there, or KEY=VALUE ('source-name' is the usual key)")
    .requiredOption('--name <name>', 'what to call the volume')
    .action(
      action<[string, string], { name: string }>(async (globals, { name }, backend, written) => {
        const { inChangingSession } = await import('../session.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          const reference = referenceOf(written);
          const { done } = await manager.manageVolume(caller, { backend, reference, name });
          printer.object(volumeFields(await done));
        });
      }),
    );
  volume
    .command('unmanage')
    .description('forget a volume; its data stays where and as it is')
    .argument('<volume>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { changeVolume } = await import('./change-volume.js');
        await changeVolume(
          globals,
          {},
          {
            plan: () => Promise.reject(new UsageError('unmanage has no plan')),
            change: async ({ manager, caller }) => manager.unmanageVolume(caller, name),
            ends: 'unmanaged',
          },
        );
      }),
    );
}
