import type { OperationOutcome } from '@scoria/store';
import { type Command, Option } from 'commander';
import { operationFields } from '../output/json.js';
import { action } from './command-env.js';

const OUTCOMES: OperationOutcome[] = ['running', 'succeeded', 'failed', 'cancelled'];
const COLUMNS = ['id', 'operation', 'status', 'step', 'progress', 'created_at'];

interface OperationListOptions {
  readonly status?: OperationOutcome;
  readonly resource?: string;
  readonly limit: string;
}

/** What is and was done, in every process on this state. */
export function addOperationCommands(program: Command): void {
  const operation = program
    .command('operation')
    .description('operations: what is being done, and what has been');
  addReads(operation);
  operation
    .command('watch')
    .description('follow an operation to its end')
    .argument('<operation>', 'its id')
    .action(
      action<[string]>(async (globals, _options, id) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, caller, printer, bar }) => {
          let last = await manager.getOperation(id);
          let said: string | undefined;
          for await (const record of manager.watchOperation(id, caller.signal)) {
            last = record;
            const { step, progressDone, progressTotal } = record;
            if (progressDone !== undefined && progressTotal !== undefined)
              bar.update(progressDone, progressTotal);
            else if (step !== undefined && step !== said && !printer.isJson) printer.note(step);
            said = step;
          }
          printer.object(operationFields(last));
          if (last.outcome !== 'succeeded') process.exitCode = 1;
        });
      }),
    );
  operation
    .command('cancel')
    .description('ask for the end of an operation, in whichever process it runs')
    .argument('<operation>', 'its id')
    .action(
      action<[string]>(async (globals, _options, id) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, printer }) => {
          printer.object(operationFields(await manager.cancelOperation(id)));
        });
      }),
    );
}

function addReads(operation: Command): void {
  operation
    .command('list')
    .description('list operations, the newest first')
    .addOption(new Option('--status <status>', 'only those in this state').choices(OUTCOMES))
    .option('--resource <id>', 'only those of this volume or snapshot')
    .option('--limit <number>', 'at most this many', '50')
    .action(
      action<[], OperationListOptions>(async (globals, { status, resource, limit }) => {
        const { inReadSession } = await import('../read-session.js');
        const { parseLimit } = await import('./list-filter.js');
        const most = parseLimit(limit);
        await inReadSession(globals, async ({ store, printer }) => {
          const rows = await store.listOperations({
            limit: most,
            ...(status === undefined ? {} : { outcome: status }),
            ...(resource === undefined ? {} : { resourceId: resource }),
          });
          printer.list(rows.map(operationFields), COLUMNS, 'There are no operations.');
        });
      }),
    );
  operation
    .command('show')
    .description('show an operation')
    .argument('<operation>', 'its id')
    .action(
      action<[string]>(async (globals, _options, id) => {
        const { inSession } = await import('../session.js');
        await inSession(globals, async ({ manager, printer }) => {
          printer.object(operationFields(await manager.getOperation(id)));
        });
      }),
    );
}
