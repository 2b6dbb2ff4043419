import type { Command } from 'commander';
import { backendFields, unseenBackendFields } from '../output/json.js';
import { UsageError } from '../usage-error.js';
import { action } from './command-env.js';

/** The backends of the configuration. */
export function addBackendCommands(program: Command): void {
  const backend = program
    .command('backend')
    .description('backends: what is configured, whether it works, what is on it');
  addReads(backend);
  addAdopt(backend);
  addAudit(backend);
}

function addReads(backend: Command): void {
  backend
    .command('list')
    .description('list the enabled backends, as a running manager last saw them')
    .action(
      action<[]>(async (globals) => {
        const { inReadSession } = await import('../read-session.js');
        await inReadSession(globals, async ({ store, configuration, printer }) => {
          const seen = await store.listBackends();
          const enabled = configuration.backends.filter(({ name }) =>
            configuration.enabledBackends.includes(name),
          );
          const rows = enabled.map(({ name, driver }) => {
            const record = seen.find((one) => one.name === name);
            return record === undefined ? unseenBackendFields(name, driver) : backendFields(record);
          });
          const columns = ['name', 'driver', 'state', 'reason', 'updated_at'];
          printer.list(rows, columns, 'No backend is enabled; see scoria config check.');
        });
      }),
    );
  for (const [verb, what] of [
    ['show', 'show a backend: its capabilities and pools'],
    ['check', 'start a backend and say whether it works'],
  ] as const) {
    backend
      .command(verb)
      .description(what)
      .argument('<backend>', "the backend's name")
      .action(
        action<[string]>(async (globals, _options, name) => {
          const { inSession } = await import('../session.js');
          await inSession(globals, async ({ manager, printer }) => {
            const record = await manager.checkBackend(name);
            printer.object(backendFields(record));
            if (verb === 'check' && record.state !== 'up') process.exitCode = 1;
          });
        }),
      );
  }
}

function addAdopt(backend: Command): void {
  backend
    .command('adopt')
    .description('take over all that another program (OpenStack Cinder) keeps on a backend, with its ids')
    .argument('<backend>', "the backend's name")
    .option('--dry-run', 'say what would be adopted, and change nothing')
    .action(
      action<[string], { dryRun?: boolean }>(async (globals, { dryRun = false }, name) => {
        const { inChangingSession } = await import('../session.js');
        const { adoptionFields, describeAdoption } = await import('../output/reports.js');
        await inChangingSession(globals, async ({ manager, caller, printer }) => {
          const report = await manager.adoptBackend(caller, name, { dryRun });
          if (printer.isJson) printer.document(adoptionFields(report));
          else printer.text(describeAdoption(report));
          if (report.refused.length > 0) process.exitCode = 1;
        });
      }),
    );
}

interface AuditOptions {
  readonly repair?: boolean;
  readonly collectOrphans?: boolean;
  readonly yes?: boolean;
}

function addAudit(backend: Command): void {
  backend
    .command('audit')
    .description(
      'compare a backend with the records: orphans, missing, mismatched; changes nothing unless told',
    )
    .argument('<backend>', "the backend's name")
    .option('--repair', 'mend the records where it is sure how')
    .option('--collect-orphans', 'delete from the backend what no record knows; needs --yes')
    .option('--yes', 'confirm that data is deleted')
    .action(
      action<[string], AuditOptions>(
        async (globals, { repair = false, collectOrphans = false, yes }, name) => {
          if (collectOrphans && yes !== true)
            throw new UsageError(
              '--collect-orphans deletes data that no record knows; look first, then add --yes',
            );
          const { inChangingSession } = await import('../session.js');
          const { auditFields, describeAudit } = await import('../output/reports.js');
          await inChangingSession(globals, async ({ manager, caller, printer }) => {
            const report = await manager.auditBackend(caller, name, { repair, collectOrphans });
            if (printer.isJson) printer.document(auditFields(report));
            else printer.text(describeAudit(report));
            if (report.findings.length > report.repaired.length) process.exitCode = 1;
          });
        },
      ),
    );
}
