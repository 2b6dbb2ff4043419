import type { Command } from 'commander';
import type { CreateVolumeRequest, RetypeOptions } from '@scoria/manager';
import { attachedVolumeFields, volumeFields } from '../output/json.js';
import { parseGib } from '../output/sizes.js';
import { UsageError } from '../usage-error.js';
import { action, collectPair } from './command-env.js';
import type { ListOptions } from './list-filter.js';

const COLUMNS = ['id', 'name', 'status', 'size', 'backend'];
const NONE = 'There are no volumes. Make one: scoria volume create NAME --size GIB';

interface CreateOptions {
  readonly size?: string;
  readonly backend?: string;
  readonly type?: string;
  readonly fromSnapshot?: string;
  readonly fromVolume?: string;
  readonly description?: string;
  readonly property?: Record<string, string>;
  readonly dryRun?: boolean;
}

/** Making, showing and changing volumes. */
export function addVolumeCommands(program: Command): Command {
  const volume = program.command('volume').description('volumes: make, show, change, copy, delete');
  addCreate(volume);
  addReads(volume);
  addChanges(volume);
  addSet(volume);
  addMoves(volume);
  return volume;
}

function addCreate(volume: Command): void {
  volume
    .command('create')
    .description('make a volume: empty, or with the data of a snapshot or of another volume')
    .argument('<name>', 'what to call it')
    .option('--size <gib>', "its size in GiB; with a source, the source's unless told")
    .option('--backend <backend>', 'the backend to put it on; otherwise the best one is chosen')
    .option('--type <type>', 'its volume type')
    .option('--from-snapshot <snapshot>', 'copy this snapshot')
    .option('--from-volume <volume>', 'copy this volume')
    .option('--description <text>', 'a description')
    .option('--property <key=value>', 'metadata; may be given several times', collectPair)
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string], CreateOptions>(async (globals, options, name) => {
        const request = requestOf(name, options);
        const { inChangingSession } = await import('../session.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          if (options.dryRun === true) {
            const { printPlan } = await import('../plans.js');
            if (!printPlan(printer, await manager.planCreateVolume(caller, request))) process.exitCode = 1;
            return;
          }
          const { done } = await manager.createVolume(caller, request);
          printer.object(volumeFields(await done));
        });
      }),
    );
}

function requestOf(name: string, options: CreateOptions): CreateVolumeRequest {
  const { size, fromSnapshot, fromVolume, property } = options;
  if (fromSnapshot !== undefined && fromVolume !== undefined)
    throw new UsageError('--from-snapshot and --from-volume exclude each other: a volume has one source');
  if (size === undefined && fromSnapshot === undefined && fromVolume === undefined)
    throw new UsageError('a new volume needs --size GIB, or a source: --from-snapshot S or --from-volume V');
  const given = {
    sizeBytes: size === undefined ? undefined : parseGib(size),
    metadata: property,
    ...pick(options, ['fromSnapshot', 'fromVolume', 'backend', 'type', 'description']),
  };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { name, ...Object.fromEntries(set) };
}

function pick<T, Key extends keyof T>(from: T, keys: readonly Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, Key>;
}

function addReads(volume: Command): void {
  volume
    .command('list')
    .description('list volumes, the newest first')
    .option('--backend <backend>', 'only those on this backend')
    .option('--status <status>', 'only those in this state')
    .option('--name <name>', 'only those of this name')
    .option('--limit <number>', 'at most this many', '1000')
    .option('--marker <id>', 'those after this volume: the last id of the page before')
    .action(
      action<[], ListOptions>(async (globals, options) => {
        const { inReadSession } = await import('../read-session.js');
        const { volumeFilter } = await import('./list-filter.js');
        const { limit, ...wanted } = volumeFilter(options);
        await inReadSession(globals, async ({ store, caller: { projectId }, printer }) => {
          const rows = await store.listVolumes({ projectId, limit, ...wanted });
          const isAll = Object.keys(wanted).length === 0;
          printer.list(rows.map(volumeFields), COLUMNS, isAll ? NONE : 'No volume is like that.');
        });
      }),
    );
  volume
    .command('show')
    .description('show a volume')
    .argument('<volume>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { inReadSession } = await import('../read-session.js');
        const { findVolume } = await import('@scoria/manager/records');
        await inReadSession(globals, async ({ store, caller, printer }) => {
          const found = await findVolume(store, caller.projectId, name);
          printer.object(attachedVolumeFields(found, await store.listAttachments(found.id)));
        });
      }),
    );
}

function addChanges(volume: Command): void {
  volume
    .command('delete')
    .description('delete a volume and its data')
    .argument('<volume>', 'its id or name')
    .option('--cascade', 'delete its snapshots first')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string], { cascade?: boolean; dryRun?: boolean }>(async (globals, options, name) => {
        const { changeVolume } = await import('./change-volume.js');
        const { cascade = false } = options;
        await changeVolume(globals, options, {
          plan: async ({ manager, caller }) => manager.planDeleteVolume(caller, name, { cascade }),
          change: async ({ manager, caller }) => manager.deleteVolume(caller, name, { cascade }),
          ends: 'deleted',
        });
      }),
    );
  volume
    .command('extend')
    .description('make a volume larger; the new part reads as zeroes')
    .argument('<volume>', 'its id or name')
    .argument('<gib>', 'its new size in GiB')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string, string], { dryRun?: boolean }>(async (globals, options, name, gib) => {
        const size = parseGib(gib);
        const { changeVolume } = await import('./change-volume.js');
        await changeVolume(globals, options, {
          plan: async ({ manager, caller }) => manager.planExtendVolume(caller, name, size),
          change: async ({ manager, caller }) => manager.extendVolume(caller, name, size),
        });
      }),
    );
  volume
    .command('revert')
    .description('put a volume back to its newest snapshot; what was written since is lost')
    .argument('<volume>', 'its id or name')
    .argument('<snapshot>', 'the id or name of its newest snapshot')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string, string], { dryRun?: boolean }>(async (globals, options, name, snapshot) => {
        const { changeVolume } = await import('./change-volume.js');
        await changeVolume(globals, options, {
          plan: async ({ manager, caller }) => manager.planRevertVolume(caller, name, snapshot),
          change: async ({ manager, caller }) => manager.revertVolume(caller, name, snapshot),
        });
      }),
    );
}

function addSet(volume: Command): void {
  volume
    .command('set')
    .description("change a volume's name, description or metadata")
    .argument('<volume>', 'its id or name')
    .option('--name <name>', 'its new name')
    .option('--description <text>', 'its new description')
    .option('--property <key=value>', 'its new metadata, in the place of all it had', collectPair)
    .action(
      action<[string], { name?: string; description?: string; property?: Record<string, string> }>(
        async (globals, { property, ...texts }, name) => {
          const changes = { ...texts, ...(property === undefined ? {} : { metadata: property }) };
          if (Object.keys(changes).length === 0)
            throw new UsageError('say what to change: --name, --description or --property');
          const { inSession } = await import('../session.js');
          await inSession(globals, async ({ manager, caller, printer }) => {
            printer.object(volumeFields(await manager.updateVolume(caller, name, changes)));
          });
        },
      ),
    );
}

interface RetypeCommandOptions extends Required<RetypeOptions> {
  readonly dryRun?: boolean;
}

function addRetype(volume: Command): void {
  volume
    .command('retype')
    .description('give a volume another type, where it is or by moving it')
    .argument('<volume>', 'its id or name')
    .argument('<type>', 'the new type')
    .addOption(
      volume
        .createOption('--migration-policy <policy>', 'whether it may be moved where its backend cannot do it')
        .choices(['never', 'on-demand'])
        .default('never'),
    )
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string, string], RetypeCommandOptions>(async (globals, options, name, type) => {
        const { changeVolume } = await import('./change-volume.js');
        const { migrationPolicy } = options;
        await changeVolume(globals, options, {
          plan: async ({ manager, caller }) =>
            manager.planRetypeVolume(caller, name, type, { migrationPolicy }),
          change: async ({ manager, caller }) =>
            manager.retypeVolume(caller, name, type, { migrationPolicy }),
        });
      }),
    );
}

function addMoves(volume: Command): void {
  volume
    .command('migrate')
    .description('move a volume to another backend; it must have no snapshots')
    .argument('<volume>', 'its id or name')
    .argument('<backend>', 'the new backend')
    .option('--dry-run', 'print what would be done, and do nothing')
    .action(
      action<[string, string], { dryRun?: boolean }>(async (globals, options, name, backend) => {
        const { changeVolume } = await import('./change-volume.js');
        await changeVolume(globals, options, {
          plan: async ({ manager, caller }) => manager.planMigrateVolume(caller, name, backend),
          change: async ({ manager, caller }) => manager.migrateVolume(caller, name, backend),
        });
      }),
    );
  addRetype(volume);
  volume
    .command('reset')
    .description('call a volume available again that is in an error state, after you have looked at it')
    .argument('<volume>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { inChangingSession } = await import('../session.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          printer.object(volumeFields(await manager.resetVolume(caller, name)));
        });
      }),
    );
}
