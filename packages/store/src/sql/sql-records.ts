import type { Clock } from '@scoria/core';
import type { Records } from '../store.js';
import { attachmentRecords, snapshotRecords, volumeRecords } from './object-records.js';
import type { Db } from './queries.js';
import { backendRecords, quotaRecords, volumeTypeRecords } from './setting-records.js';
import { messageRecords, operationRecords } from './work-records.js';

/** Every query, on a database or within one of its transactions. */
export function sqlRecords(db: Db, clock: Clock): Records {
  return {
    ...volumeRecords(db, clock),
    ...snapshotRecords(db, clock),
    ...attachmentRecords(db, clock),
    ...backendRecords(db),
    ...volumeTypeRecords(db),
    ...quotaRecords(db),
    ...messageRecords(db),
    ...operationRecords(db, clock),
  };
}
