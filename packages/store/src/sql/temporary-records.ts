import type { Clock } from '@scoria/core';
import type { Records } from '../store.js';
import { nowOf } from './object-records.js';
import type { Db } from './queries.js';
import { changeRow, removeRow, rowById } from './queries.js';
import { temporarySnapshotCodec as codec } from './tables.js';

export type TemporarySnapshotRecords = Pick<
  Records,
  'putTemporarySnapshot' | 'getTemporarySnapshot' | 'changeTemporarySnapshot' | 'removeTemporarySnapshot'
>;

export function temporarySnapshotRecords(db: Db, clock: Clock): TemporarySnapshotRecords {
  return {
    putTemporarySnapshot: async (snapshot) => {
      const row = codec.toRow(snapshot);
      await db
        .insertInto('temporary_snapshots')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    getTemporarySnapshot: async (id) => {
      const row = await rowById(db, 'temporary_snapshots', id);
      return row === undefined ? undefined : codec.fromRow(row);
    },
    changeTemporarySnapshot: (id, from, changes) => {
      const row = { ...codec.toChanges(changes), updated_at: nowOf(clock) };
      return changeRow(db, 'temporary_snapshots', id, row, from);
    },
    removeTemporarySnapshot: (id) => removeRow(db, 'temporary_snapshots', id),
  };
}
