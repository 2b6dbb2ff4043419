import type { Command } from 'commander';
import { quotaFields, typeFields } from '../output/json.js';
import { parseLimit } from '../output/sizes.js';
import { UsageError } from '../usage-error.js';
import { action, collectPair } from './command-env.js';

/** Volume types and quotas. */
export function addSettingCommands(program: Command): void {
  addTypes(program.command('type').description('volume types: what a volume asks of its backend'));
  addQuota(program.command('quota').description('quotas: how much a project may have'));
}

function addTypes(type: Command): void {
  type
    .command('create')
    .description('make a volume type')
    .argument('<name>', 'its name')
    .option('--spec <key=value>', 'what a backend must have; may be given several times', collectPair)
    .option('--qos <key=value>', 'quality of service; may be given several times', collectPair)
    .option('--description <text>', 'a description')
    .action(
      action<[string], { spec?: Record<string, string>; qos?: Record<string, string>; description?: string }>(
        async (globals, { spec = {}, qos = {}, description }, name) => {
          const { inSession } = await import('../session.js');
          await inSession(globals, async ({ manager, printer }) => {
            const made = await manager.createVolumeType({
              name,
              extraSpecs: spec,
              qosSpecs: qos,
              ...(description === undefined ? {} : { description }),
            });
            printer.object(typeFields(made));
          });
        },
      ),
    );
  type
    .command('list')
    .description('list the volume types')
    .action(
      action<[]>(async (globals) => {
        const { inReadSession } = await import('../read-session.js');
        await inReadSession(globals, async ({ store, printer }) => {
          const rows = (await store.listVolumeTypes()).map(typeFields);
          printer.list(rows, ['id', 'name', 'extra_specs', 'qos_specs'], 'There are no volume types.');
        });
      }),
    );
  type
    .command('delete')
    .description('delete a volume type that no volume has')
    .argument('<type>', 'its id or name')
    .action(
      action<[string]>(async (globals, _options, name) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, printer }) => {
          await manager.deleteVolumeType(name);
          printer.object({ type: name, status: 'deleted' });
        });
      }),
    );
}

const RESOURCES = ['volumes', 'snapshots', 'gigabytes'] as const;
const GIB = 1024 ** 3;

function addQuota(quota: Command): void {
  quota
    .command('show')
    .description("show the project's limits and what it has; gigabytes are GiB")
    .action(
      action<[]>(async (globals) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, caller, printer }) => {
          const rows = (await manager.quota(caller.projectId)).map(quotaFields);
          printer.list(rows, ['resource', 'limit', 'in_use'], 'There are no quotas.');
        });
      }),
    );
  quota
    .command('set')
    .description("set one of the project's limits")
    .argument('<resource>', RESOURCES.join(', '))
    .argument('<limit>', 'a whole number, gigabytes in GiB; -1 for no limit')
    .action(
      action<[string, string]>(async (globals, _options, name, text) => {
        const resource = RESOURCES.find((known) => known === name);
        if (resource === undefined)
          throw new UsageError(`a quota is of ${RESOURCES.join(', ')}, and not of ${JSON.stringify(name)}`);
        const limit = parseLimit(text);
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, caller, printer }) => {
          const stored = resource === 'gigabytes' && limit > 0 ? limit * GIB : limit;
          await manager.setQuota(caller.projectId, resource, stored);
          printer.object({ resource, limit });
        });
      }),
    );
}
