import type { CreateTableBuilder, Kysely, Migration, RawBuilder } from '#kysely';
import { sql } from '#kysely';
import type { Store } from '../store.js';

type Builder = CreateTableBuilder<string, string>;
type Schema = Kysely<Record<string, unknown>>['schema'];

/** How texts are kept: compared by their bytes in either database, whatever language a server sorts by. */
type Text = 'text' | RawBuilder<unknown>;

interface Parts {
  readonly schema: Schema;
  readonly text: Text;
}

function provided(table: Builder, text: Text): Builder {
  return table
    .addColumn('provider_location', text)
    .addColumn('provider_id', text)
    .addColumn('provider_metadata', text, (column) => column.notNull());
}

function stamped(table: Builder, text: Text): Builder {
  return table
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull());
}

function named(table: Builder, text: Text): Builder {
  return table
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('description', text)
    .addColumn('project_id', text, (column) => column.notNull())
    .addColumn('size_bytes', 'bigint', (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('status_reason', text)
    .addColumn('counts_in_quota', 'integer', (column) => column.notNull());
}

async function createObjects({ schema, text }: Parts): Promise<void> {
  const volumes = named(schema.createTable('volumes') as Builder, text)
    .addColumn('name_id', text)
    .addColumn('backend', text, (column) => column.notNull())
    .addColumn('pool', text)
    .addColumn('type_id', text, (column) => column.references('volume_types.id'))
    .addColumn('source_volume_id', text)
    .addColumn('source_snapshot_id', text);
  await stamped(provided(volumes, text), text).execute();
  const snapshots = named(schema.createTable('snapshots') as Builder, text).addColumn(
    'volume_id',
    text,
    (column) => column.notNull().references('volumes.id'),
  );
  await stamped(provided(snapshots, text), text).execute();
  const attachments = (schema.createTable('attachments') as Builder)
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('volume_id', text, (column) => column.notNull().references('volumes.id'))
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('host', text)
    .addColumn('instance_id', text)
    .addColumn('device', text)
    .addColumn('connector', text)
    .addColumn('connection_info', text);
  await stamped(attachments, text).execute();
}

async function createMetadata({ schema, text }: Parts, table: string, owner: string): Promise<void> {
  const column = `${table}_id`;
  await schema
    .createTable(`${table}_metadata`)
    .addColumn(column, text, (definition) =>
      definition.notNull().references(`${owner}.id`).onDelete('cascade'),
    )
    .addColumn('key', text, (definition) => definition.notNull())
    .addColumn('value', text, (definition) => definition.notNull())
    .addPrimaryKeyConstraint(`${table}_metadata_key`, [column, 'key'])
    .execute();
}

async function createSettings({ schema, text }: Parts): Promise<void> {
  await schema
    .createTable('volume_types')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull().unique())
    .addColumn('description', text)
    .addColumn('extra_specs', text, (column) => column.notNull())
    .addColumn('qos_specs', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute();
  await schema
    .createTable('backends')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('driver', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('reason', text)
    .addColumn('capabilities', text, (column) => column.notNull())
    .addColumn('vendor_name', text)
    .addColumn('storage_protocol', text)
    .addColumn('pools', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .execute();
  for (const [table, value] of [
    ['quota_limits', 'hard_limit'],
    ['quota_usages', 'in_use'],
  ] as const) {
    await schema
      .createTable(table)
      .addColumn('project_id', text, (column) => column.notNull())
      .addColumn('resource', text, (column) => column.notNull())
      .addColumn(value, 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint(`${table}_key`, ['project_id', 'resource'])
      .execute();
  }
}

async function createHistory({ schema, text }: Parts): Promise<void> {
  await schema
    .createTable('messages')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('project_id', text, (column) => column.notNull())
    .addColumn('resource_kind', text, (column) => column.notNull())
    .addColumn('resource_id', text, (column) => column.notNull())
    .addColumn('level', text, (column) => column.notNull())
    .addColumn('code', text, (column) => column.notNull())
    .addColumn('text', text, (column) => column.notNull())
    .addColumn('request_id', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute();
  const operations = (schema.createTable('operations') as Builder)
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('claims', text, (column) => column.notNull())
    .addColumn('parameters', text, (column) => column.notNull())
    .addColumn('owner_id', text, (column) => column.notNull())
    .addColumn('request_id', text, (column) => column.notNull())
    .addColumn('project_id', text, (column) => column.notNull())
    .addColumn('outcome', text, (column) => column.notNull())
    .addColumn('step', text)
    .addColumn('progress_done', 'bigint')
    .addColumn('progress_total', 'bigint')
    .addColumn('takeovers', 'integer', (column) => column.notNull())
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('error_code', text)
    .addColumn('error_text', text)
    .addColumn('ended_at', text);
  await stamped(operations, text).execute();
  await schema
    .createTable('claims')
    .addColumn('operation_id', text, (column) =>
      column.notNull().references('operations.id').onDelete('cascade'),
    )
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('resource_id', text, (column) => column.notNull())
    .addColumn('mode', text, (column) => column.notNull())
    .addColumn('active', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('claims_key', ['operation_id', 'kind', 'resource_id'])
    .execute();
}

/** Every list is a walk along one of these, newest first, so that a page costs the same in a table of any size. */
const INDEXES: readonly (readonly [string, readonly string[]])[] = [
  ['volumes', ['created_at', 'id']],
  ['volumes', ['project_id', 'created_at', 'id']],
  ['volumes', ['backend', 'created_at', 'id']],
  ['volumes', ['status', 'created_at', 'id']],
  ['volumes', ['name', 'created_at', 'id']],
  ['volumes', ['type_id', 'created_at', 'id']],
  ['volume_metadata', ['key', 'value']],
  ['snapshots', ['created_at', 'id']],
  ['snapshots', ['project_id', 'created_at', 'id']],
  ['snapshots', ['volume_id', 'created_at', 'id']],
  ['snapshots', ['status', 'created_at', 'id']],
  ['snapshots', ['name', 'created_at', 'id']],
  ['attachments', ['volume_id']],
  ['messages', ['resource_id', 'created_at', 'id']],
  ['messages', ['created_at', 'id']],
  ['operations', ['created_at', 'id']],
  ['operations', ['outcome', 'created_at', 'id']],
  ['operations', ['owner_id', 'outcome']],
  ['operations', ['ended_at']],
  ['claims', ['resource_id', 'kind', 'active']],
];

async function createIndexes(schema: Schema): Promise<void> {
  for (const [table, columns] of INDEXES) {
    await schema
      .createIndex(`${table}_by_${columns.join('_')}`)
      .on(table)
      .columns([...columns])
      .execute();
  }
}

/** Their volumes may go before them: what is left of one harms nobody. */
async function createTemporarySnapshots({ schema, text }: Parts): Promise<void> {
  const table = (schema.createTable('temporary_snapshots') as Builder)
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('volume_id', text, (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('compute_report', text, (column) => column.notNull());
  await stamped(table, text).execute();
  await schema
    .createIndex('temporary_snapshots_by_updated_at')
    .on('temporary_snapshots')
    .column('updated_at')
    .execute();
}

/** By name, in the order of their names; none is ever changed once it was released. */
export function migrationsFor(dialect: Store['dialect']): Readonly<Record<string, Migration>> {
  const text: Text = dialect === 'postgresql' ? sql`text collate "C"` : 'text';
  return {
    '001-records': {
      up: async ({ schema }) => {
        const parts = { schema, text };
        await createSettings(parts);
        await createObjects(parts);
        await createMetadata(parts, 'volume', 'volumes');
        await createMetadata(parts, 'snapshot', 'snapshots');
        await createHistory(parts);
        await createIndexes(schema);
      },
    },
    '002-attachment-monitors': {
      up: async ({ schema }) => {
        await schema.alterTable('attachments').addColumn('monitor', text).execute();
      },
    },
    '003-compute-report': {
      up: async ({ schema }) => {
        await schema.alterTable('snapshots').addColumn('compute_report', text).execute();
      },
    },
    '004-temporary-snapshots': {
      up: async ({ schema }) => {
        await createTemporarySnapshots({ schema, text });
      },
    },
  };
}
