import type { Clock } from '@scoria/core';
import type { Claim, OperationRecord } from '../records.js';
import type { OperationFilter, Records } from '../store.js';
import { nowOf } from './object-records.js';
import type { Db } from './queries.js';
import { insertRow, pageOf, rowById } from './queries.js';
import type { Row } from './row-codec.js';
import { messageCodec, operationCodec } from './tables.js';

export type MessageRecords = Pick<Records, 'insertMessage' | 'listMessages'>;

export function messageRecords(db: Db): MessageRecords {
  return {
    insertMessage: (message) => insertRow(db, 'messages', messageCodec.toRow(message)),
    listMessages: async (resourceId, page = {}) => {
      const rows = await pageOf(db, 'messages', page, { resource_id: resourceId });
      return rows.map((row) => messageCodec.fromRow(row));
    },
  };
}

export type OperationRecords = Pick<
  Records,
  | 'insertOperation'
  | 'getOperation'
  | 'listOperations'
  | 'conflictingOperations'
  | 'operationsHolding'
  | 'operationsOf'
  | 'takeOverOperation'
  | 'changeOperation'
  | 'endOperation'
  | 'pruneHistory'
>;

export function operationRecords(db: Db, clock: Clock): OperationRecords {
  return {
    insertOperation: (operation) => insertOperation(db, operation),
    getOperation: async (id) => {
      const row = await rowById(db, 'operations', id);
      return row === undefined ? undefined : operationCodec.fromRow(row);
    },
    listOperations: (filter = {}) => listOperations(db, filter),
    conflictingOperations: (claims) => conflicting(db, claims),
    operationsHolding: (kind, id) => conflicting(db, [{ kind, id, mode: 'exclusive' }]),
    operationsOf: async (ownerIds) => {
      if (ownerIds.length === 0) return [];
      const rows = await db
        .selectFrom('operations')
        .selectAll()
        .where('owner_id', 'in', [...ownerIds])
        .where('outcome', '=', 'running')
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map((row) => operationCodec.fromRow(row));
    },
    takeOverOperation: async (id, from, to) => {
      const taken = await db
        .updateTable('operations')
        .set((row) => ({ owner_id: to, takeovers: row('takeovers', '+', 1), updated_at: nowOf(clock) }))
        .where('id', '=', id)
        .where('owner_id', '=', from)
        .where('outcome', '=', 'running')
        .executeTakeFirst();
      return taken.numUpdatedRows > 0n;
    },
    changeOperation: (id, changes) =>
      changeRunning(db, id, { ...operationCodec.toChanges(changes), updated_at: nowOf(clock) }),
    endOperation: async (id, outcome, error) => {
      const now = nowOf(clock);
      const ended = await changeRunning(db, id, {
        outcome,
        error_code: error?.code ?? null,
        error_text: error?.text ?? null,
        updated_at: now,
        ended_at: now,
      });
      if (ended) await db.updateTable('claims').set({ active: 0 }).where('operation_id', '=', id).execute();
      return ended;
    },
    pruneHistory: async (before) => {
      const operations = await db.deleteFrom('operations').where('ended_at', '<', before).executeTakeFirst();
      const messages = await db.deleteFrom('messages').where('created_at', '<', before).executeTakeFirst();
      const temporary = await db
        .deleteFrom('temporary_snapshots')
        .where('updated_at', '<', before)
        .executeTakeFirst();
      return Number(operations.numDeletedRows + messages.numDeletedRows + temporary.numDeletedRows);
    },
  };
}

async function changeRunning(db: Db, id: string, changes: Row): Promise<boolean> {
  const changed = await db
    .updateTable('operations')
    .set(changes)
    .where('id', '=', id)
    .where('outcome', '=', 'running')
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

async function insertOperation(db: Db, operation: OperationRecord): Promise<void> {
  await insertRow(db, 'operations', operationCodec.toRow(operation));
  if (operation.claims.length === 0) return;
  const active = operation.outcome === 'running' ? 1 : 0;
  const rows = operation.claims.map(({ kind, id, mode }) => ({
    operation_id: operation.id,
    kind,
    resource_id: id,
    mode,
    active,
  }));
  await db.insertInto('claims').values(rows).execute();
}

async function listOperations(db: Db, filter: OperationFilter): Promise<OperationRecord[]> {
  const { outcome, resourceId, ownerId } = filter;
  const rows = await pageOf(db, 'operations', filter, { outcome, owner_id: ownerId }, (query) => {
    if (resourceId === undefined) return query;
    const holding = db.selectFrom('claims').select('operation_id').where('resource_id', '=', resourceId);
    return query.where('id', 'in', holding as never);
  });
  return rows.map((row) => operationCodec.fromRow(row));
}

/** Who holds one of `claims` in a way that excludes it: two shared claims go together, no other two. */
async function conflicting(db: Db, claims: readonly Claim[]): Promise<OperationRecord[]> {
  if (claims.length === 0) return [];
  const holders = db
    .selectFrom('claims')
    .select('operation_id')
    .where('active', '=', 1)
    .where((where) =>
      where.or(
        claims.map(({ kind, id, mode }) =>
          where.and([
            where('kind', '=', kind),
            where('resource_id', '=', id),
            ...(mode === 'exclusive' ? [] : [where('mode', '=', 'exclusive')]),
          ]),
        ),
      ),
    );
  const rows = await db
    .selectFrom('operations')
    .selectAll()
    .where('id', 'in', holders as never)
    .where('outcome', '=', 'running')
    .orderBy('created_at')
    .execute();
  return rows.map((row) => operationCodec.fromRow(row));
}
