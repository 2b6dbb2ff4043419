import { sql } from '#kysely';
import type { QuotaResource } from '../records.js';
import { QUOTA_RESOURCES } from '../records.js';
import type { Records, Store } from '../store.js';
import type { Db } from './queries.js';
import { changeRow, insertRow, removeRow } from './queries.js';
import { backendCodec, volumeTypeCodec } from './tables.js';

export type BackendRecords = Pick<Records, 'putBackend' | 'listBackends' | 'removeBackend'>;

export function backendRecords(db: Db): BackendRecords {
  return {
    putBackend: async (backend) => {
      const row = backendCodec.toRow(backend);
      await db
        .insertInto('backends')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute();
    },
    listBackends: async () => {
      const rows = await db.selectFrom('backends').selectAll().orderBy('name').execute();
      return rows.map((row) => backendCodec.fromRow(row));
    },
    removeBackend: (name) => removeRow(db, 'backends', name, 'name'),
  };
}

export type VolumeTypeRecords = Pick<
  Records,
  'insertVolumeType' | 'listVolumeTypes' | 'changeVolumeType' | 'removeVolumeType'
>;

export function volumeTypeRecords(db: Db, dialect: Store['dialect']): VolumeTypeRecords {
  return {
    insertVolumeType: (type) => insertRow(db, 'volume_types', volumeTypeCodec.toRow(type)),
    listVolumeTypes: async () => {
      const rows = await db.selectFrom('volume_types').selectAll().orderBy('name').execute();
      return rows.map((row) => volumeTypeCodec.fromRow(row));
    },
    changeVolumeType: (id, changes) => changeRow(db, 'volume_types', id, volumeTypeCodec.toChanges(changes)),
    removeVolumeType: async (id) => {
      // A volume that is about to have it is waited for: only then is it seen by the statement after this one.
      if (dialect === 'postgresql')
        await db.selectFrom('volume_types').select('id').where('id', '=', id).forUpdate().execute();
      const users = db.selectFrom('volumes').select('id').where('type_id', '=', id);
      const removed = await db
        .deleteFrom('volume_types')
        .where('id', '=', id)
        .where((where) => where.not(where.exists(users)))
        .executeTakeFirst();
      return removed.numDeletedRows > 0n;
    },
  };
}

export type QuotaRecords = Pick<
  Records,
  'setQuotaLimit' | 'quotaUsage' | 'addQuotaUsage' | 'countQuotaUsage' | 'listProjects'
>;

export function quotaRecords(db: Db): QuotaRecords {
  return {
    setQuotaLimit: (projectId, resource, limit) => setLimit(db, projectId, resource, limit),
    quotaUsage: async (projectId, defaults = {}) => {
      const limits = await valuesOf(db, 'quota_limits', 'hard_limit', projectId);
      const used = await valuesOf(db, 'quota_usages', 'in_use', projectId);
      return QUOTA_RESOURCES.map((resource) => ({
        resource,
        limit: limits.get(resource) ?? defaults[resource] ?? -1,
        inUse: used.get(resource) ?? 0,
      }));
    },
    addQuotaUsage: (projectId, resource, delta, limit) => addUsage(db, { projectId, resource }, delta, limit),
    countQuotaUsage: (projectId) => countUsage(db, projectId),
    listProjects: async () => {
      const tables = ['volumes', 'snapshots', 'quota_usages', 'quota_limits'] as const;
      const found = await Promise.all(
        tables.map((table) =>
          db
            .selectFrom(table as 'volumes')
            .select('project_id')
            .distinct()
            .execute(),
        ),
      );
      return [...new Set(found.flat().map((row) => row.project_id as string))].sort();
    },
  };
}

async function setLimit(
  db: Db,
  projectId: string,
  resource: string,
  limit: number | undefined,
): Promise<void> {
  if (limit === undefined) {
    await db
      .deleteFrom('quota_limits')
      .where('project_id', '=', projectId)
      .where('resource', '=', resource)
      .execute();
    return;
  }
  await db
    .insertInto('quota_limits')
    .values({ project_id: projectId, resource, hard_limit: limit })
    .onConflict((conflict) => conflict.columns(['project_id', 'resource']).doUpdateSet({ hard_limit: limit }))
    .execute();
}

async function valuesOf(
  db: Db,
  table: 'quota_limits' | 'quota_usages',
  column: string,
  projectId: string,
): Promise<Map<string, number>> {
  const rows = await db.selectFrom(table).selectAll().where('project_id', '=', projectId).execute();
  return new Map(rows.map((row) => [row.resource as string, Number(row[column])]));
}

async function addUsage(
  db: Db,
  { projectId, resource }: { projectId: string; resource: QuotaResource },
  delta: number,
  limit = -1,
): Promise<boolean> {
  await db
    .insertInto('quota_usages')
    .values({ project_id: projectId, resource, in_use: 0 })
    .onConflict((conflict) => conflict.columns(['project_id', 'resource']).doNothing())
    .execute();
  const update = db
    .updateTable('quota_usages')
    .set({ in_use: sql<number>`in_use + ${delta}` })
    .where('project_id', '=', projectId)
    .where('resource', '=', resource);
  const conditional = limit < 0 ? update : update.where('in_use', '<=', limit - delta);
  return (await conditional.executeTakeFirst()).numUpdatedRows > 0n;
}

async function countUsage(db: Db, projectId: string): Promise<Record<QuotaResource, number>> {
  const [volumes, snapshots] = await Promise.all(
    (['volumes', 'snapshots'] as const).map((table) =>
      db
        .selectFrom(table as 'volumes')
        .select([
          sql<number>`count(*)`.as('count'),
          sql<number>`cast(coalesce(sum(size_bytes), 0) as bigint)`.as('bytes'),
        ])
        .where('project_id', '=', projectId)
        .where('counts_in_quota', '=', 1)
        .executeTakeFirstOrThrow(),
    ),
  );
  return {
    volumes: Number(volumes?.count),
    snapshots: Number(snapshots?.count),
    gigabytes: Number(volumes?.bytes) + Number(snapshots?.bytes),
  };
}
