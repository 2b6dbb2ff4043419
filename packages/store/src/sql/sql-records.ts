import type { Clock } from '@scoria/core';
import { sql } from '#kysely';
import type { Claim } from '../records.js';
import type { Records, Store } from '../store.js';
import { advisoryKey } from './advisory-key.js';
import { attachmentRecords, snapshotRecords, volumeRecords } from './object-records.js';
import type { Db } from './queries.js';
import { backendRecords, quotaRecords, volumeTypeRecords } from './setting-records.js';
import { temporarySnapshotRecords } from './temporary-records.js';
import { messageRecords, operationRecords } from './work-records.js';

/** Every query, on a database or within one of its transactions. */
export function sqlRecords(db: Db, clock: Clock, dialect: Store['dialect']): Records {
  return {
    ...volumeRecords(db, clock),
    ...snapshotRecords(db, clock),
    ...temporarySnapshotRecords(db, clock),
    ...attachmentRecords(db, clock),
    ...backendRecords(db),
    ...volumeTypeRecords(db, dialect),
    ...quotaRecords(db),
    ...messageRecords(db),
    ...operationRecords(db, clock),
    lockClaimed: async (claims) => {
      if (dialect !== 'postgresql') return;
      await lockNames(db, claims);
      await lockRows(db, claims);
    },
  };
}

/** Against others who claim: also what has no row, or none yet. In the same order for everyone. */
async function lockNames(db: Db, claims: readonly Claim[]): Promise<void> {
  const keys = new Set(claims.map(({ kind, id }) => advisoryKey('claim', kind, id)));
  for (const key of [...keys].sort()) await sql`select pg_advisory_xact_lock(${key}::bigint)`.execute(db);
}

/** Against others who change the rows. In the same order for everyone, so that two never wait for each other. */
async function lockRows(db: Db, claims: readonly Claim[]): Promise<void> {
  for (const kind of ['volume', 'snapshot'] as const) {
    const ids = claims.filter((claim) => claim.kind === kind).map(({ id }) => id);
    if (ids.length === 0) continue;
    const rows = db.selectFrom(kind === 'volume' ? 'volumes' : ('snapshots' as 'volumes')).select('id');
    await rows.where('id', 'in', ids).orderBy('id').forUpdate().execute();
  }
}
