import type { Command } from 'commander';
import { snapshotFields } from '../output/json.js';
import { UsageError } from '../usage-error.js';
import { action, collectPair } from './command-env.js';
import { manageableFields, referenceOf, textOf } from './references.js';

const COLUMNS = ['source', 'reference', 'volume_id', 'size_bytes', 'safe_to_manage', 'reason_not_safe'];

interface ManageOptions {
  readonly name: string;
  readonly description?: string;
  readonly property?: Record<string, string>;
}

/** Snapshots that are on a backend already. */
export function addManageSnapshotCommands(snapshot: Command): void {
  addManageable(snapshot);
  addManage(snapshot);
  addUnmanage(snapshot);
}

function addManageable(snapshot: Command): void {
  snapshot
    .command('manageable')
    .description('list the snapshots on a backend that are none of ours yet')
    .argument('<backend>', "the backend's name")
    .action(
      action<[string]>(async (globals, _options, backend) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, caller, printer }) => {
          const found = await manager.listManageableSnapshots(caller, backend);
          const rows = found.map((entry) => ({
            source: textOf(entry.source),
            volume_id: entry.volumeId ?? null,
            ...manageableFields(entry),
          }));
          printer.list(rows, COLUMNS, `There is no snapshot on backend ${backend} that could be managed.`);
        });
      }),
    );
}

function addManage(snapshot: Command): void {
  snapshot
    .command('manage')
    .description('take over a snapshot of a volume that is on its backend already')
    .argument('<volume>', "the volume's id or name")
    .argument('<reference>', "its name there, or KEY=VALUE ('source-name' is the usual key)")
    .requiredOption('--name <name>', 'what to call the snapshot')
    .option('--description <text>', 'a description')
    .option('--property <key=value>', 'metadata; may be given several times', collectPair)
    .action(
      action<[string, string], ManageOptions>(async (globals, options, volume, written) => {
        const { inChangingSession } = await import('../session.js');
        const { name, description, property } = options;
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          const { done } = await manager.manageSnapshot(caller, {
            volume,
            name,
            reference: referenceOf(written),
            ...(description === undefined ? {} : { description }),
            ...(property === undefined ? {} : { metadata: property }),
          });
          printer.object(snapshotFields(await done));
        });
      }),
    );
}

function addUnmanage(snapshot: Command): void {
  snapshot
    .command('unmanage')
    .description('forget a snapshot; it stays where and as it is')
    .argument('<snapshot>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { changeSnapshot } = await import('./change-snapshot.js');
        await changeSnapshot(globals, false, {
          plan: () => Promise.reject(new UsageError('unmanage has no plan')),
          change: async ({ manager, caller }) => manager.unmanageSnapshot(caller, name),
          ends: 'unmanaged',
        });
      }),
    );
}
