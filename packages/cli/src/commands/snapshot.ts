import type { Command } from 'commander';
import { snapshotFields } from '../output/json.js';
import { action, collectPair } from './command-env.js';
import type { ListOptions } from './list-filter.js';
import { addManageSnapshotCommands } from './manage-snapshots.js';

const COLUMNS = ['id', 'name', 'status', 'size', 'volume_id'];

/** Points in time of volumes. */
export function addSnapshotCommands(program: Command): void {
  const snapshot = program.command('snapshot').description('snapshots: points in time of a volume');
  addChanges(snapshot);
  addReads(snapshot);
  addManageSnapshotCommands(snapshot);
}

function addChanges(snapshot: Command): void {
  snapshot
    .command('create')
    .description('keep the data a volume has now')
    .argument('<volume>', "the volume's id or name")
    .argument('<name>', 'what to call the snapshot')
    .option('--description <text>', 'a description')
    .option('--property <key=value>', 'metadata; may be given several times', collectPair)
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string, string], { description?: string; property?: Record<string, string>; dryRun?: boolean }>(
        async (globals, { description, property, dryRun = false }, volume, name) => {
          const request = {
            volume,
            name,
            ...(description === undefined ? {} : { description }),
            ...(property === undefined ? {} : { metadata: property }),
          };
          const { changeSnapshot } = await import('./change-snapshot.js');
          await changeSnapshot(globals, dryRun, {
            plan: async ({ manager, caller }) => manager.planCreateSnapshot(caller, request),
            change: async ({ manager, caller }) => manager.createSnapshot(caller, request),
          });
        },
      ),
    );
  snapshot
    .command('delete')
    .description('delete a snapshot; the volume and its other snapshots stay as they are')
    .argument('<snapshot>', 'its id or name')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string], { dryRun?: boolean }>(async (globals, { dryRun = false }, name) => {
        const { changeSnapshot } = await import('./change-snapshot.js');
        await changeSnapshot(globals, dryRun, {
          plan: async ({ manager, caller }) => manager.planDeleteSnapshot(caller, name),
          change: async ({ manager, caller }) => manager.deleteSnapshot(caller, name),
          ends: 'deleted',
        });
      }),
    );
}

function addReads(snapshot: Command): void {
  snapshot
    .command('list')
    .description('list snapshots, the newest first')
    .option('--volume <volume>', 'only those of this volume')
    .option('--status <status>', 'only those in this state')
    .option('--limit <number>', 'at most this many', '1000')
    .option('--marker <id>', 'those after this snapshot: the last id of the page before')
    .action(
      action<[], ListOptions & { volume?: string }>(async (globals, { volume, ...options }) => {
        const { inReadSession } = await import('../read-session.js');
        const { snapshotFilter } = await import('./list-filter.js');
        const wanted = snapshotFilter(options);
        const { findVolume } = await import('@scoria/manager/records');
        await inReadSession(globals, async ({ store, caller: { projectId }, printer }) => {
          const found = volume === undefined ? undefined : await findVolume(store, projectId, volume);
          const of = found === undefined ? {} : { volumeId: found.id };
          const rows = await store.listSnapshots({ projectId, ...of, ...wanted });
          printer.list(rows.map(snapshotFields), COLUMNS, 'There are no snapshots.');
        });
      }),
    );
  snapshot
    .command('show')
    .description('show a snapshot')
    .argument('<snapshot>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { inReadSession } = await import('../read-session.js');
        const { findSnapshot } = await import('@scoria/manager/records');
        await inReadSession(globals, async ({ store, caller, printer }) => {
          printer.object(snapshotFields(await findSnapshot(store, caller.projectId, name)));
        });
      }),
    );
  snapshot
    .command('blockers')
    .description('what is in the way of deleting a snapshot, and what would free it')
    .argument('<snapshot>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { printDependencies } = await import('./print-dependencies.js');
        await printDependencies(globals, 'snapshot', name);
      }),
    );
}
