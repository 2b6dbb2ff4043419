import type { Clock } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '../records.js';
import type { Changes, Records } from '../store.js';
import { insertMetadata, metadataOf, replaceMetadata } from './metadata.js';
import type { Db } from './queries.js';
import { changeRow, insertRow, pageOf, removeRow, rowById } from './queries.js';
import type { Row, RowCodec } from './row-codec.js';
import { attachmentCodec, snapshotCodec, volumeCodec } from './tables.js';

type Kind = 'volume' | 'snapshot';
type ObjectRecord = VolumeRecord | SnapshotRecord;

const codecs = { volume: volumeCodec, snapshot: snapshotCodec };

async function decodeAll<T extends ObjectRecord>(db: Db, kind: Kind, rows: readonly Row[]): Promise<T[]> {
  const ids = rows.map((row) => row.id as string);
  const metadata = await metadataOf(db, kind, ids);
  const codec = codecs[kind] as unknown as RowCodec<T>;
  return rows.map((row) => codec.fromRow(row, { metadata: metadata(row.id as string) } as Partial<T>));
}

async function getObject<T extends ObjectRecord>(db: Db, kind: Kind, id: string): Promise<T | undefined> {
  const row = await rowById(db, `${kind}s`, id);
  return row === undefined ? undefined : (await decodeAll<T>(db, kind, [row]))[0];
}

async function changeObject<T extends ObjectRecord>(
  db: Db,
  kind: Kind,
  { id, from, now }: { id: string; from: readonly string[]; now: string },
  changes: Changes<T>,
): Promise<boolean> {
  const codec = codecs[kind] as unknown as RowCodec<T>;
  const row = { ...codec.toChanges(changes), updated_at: now };
  const changed = await changeRow(db, `${kind}s`, id, row, from);
  if (changed && changes.metadata !== undefined) await replaceMetadata(db, kind, id, changes.metadata);
  return changed;
}

export type VolumeRecords = Pick<
  Records,
  'insertVolume' | 'getVolume' | 'listVolumes' | 'changeVolume' | 'removeVolume' | 'countVolumes'
>;

export function volumeRecords(db: Db, clock: Clock): VolumeRecords {
  return {
    insertVolume: async (volume) => {
      await insertRow(db, 'volumes', volumeCodec.toRow(volume));
      await insertMetadata(db, 'volume', volume.id, volume.metadata);
    },
    getVolume: (id) => getObject(db, 'volume', id),
    listVolumes: async (filter = {}) => {
      const { projectId, backend, status, name, typeId, metadata = {} } = filter;
      const equal = { project_id: projectId, backend, status, name, type_id: typeId };
      const rows = await pageOf(db, 'volumes', filter, equal, (query) =>
        Object.entries(metadata).reduce((narrowed, [key, value]) => {
          const having = db
            .selectFrom('volume_metadata')
            .select('volume_id')
            .where('key', '=', key)
            .where('value', '=', value);
          return narrowed.where('id', 'in', having as never);
        }, query),
      );
      return decodeAll(db, 'volume', rows);
    },
    changeVolume: (id, from, changes) => changeObject(db, 'volume', { id, from, now: nowOf(clock) }, changes),
    removeVolume: (id) => removeRow(db, 'volumes', id),
    countVolumes: async (backend) => {
      const query = db.selectFrom('volumes').select((count) => count.fn.countAll<number>().as('count'));
      const found = await (
        backend === undefined ? query : query.where('backend', '=', backend)
      ).executeTakeFirstOrThrow();
      return found.count;
    },
  };
}

export type SnapshotRecords = Pick<
  Records,
  'insertSnapshot' | 'getSnapshot' | 'listSnapshots' | 'changeSnapshot' | 'removeSnapshot'
>;

export function snapshotRecords(db: Db, clock: Clock): SnapshotRecords {
  return {
    insertSnapshot: async (snapshot) => {
      await insertRow(db, 'snapshots', snapshotCodec.toRow(snapshot));
      await insertMetadata(db, 'snapshot', snapshot.id, snapshot.metadata);
    },
    getSnapshot: (id) => getObject(db, 'snapshot', id),
    listSnapshots: async (filter = {}) => {
      const { projectId, volumeId, status, name } = filter;
      const equal = { project_id: projectId, volume_id: volumeId, status, name };
      return decodeAll(db, 'snapshot', await pageOf(db, 'snapshots', filter, equal));
    },
    changeSnapshot: (id, from, changes) =>
      changeObject(db, 'snapshot', { id, from, now: nowOf(clock) }, changes),
    removeSnapshot: (id) => removeRow(db, 'snapshots', id),
  };
}

export type AttachmentRecords = Pick<
  Records,
  'insertAttachment' | 'getAttachment' | 'listAttachments' | 'changeAttachment' | 'removeAttachment'
>;

export function attachmentRecords(db: Db, clock: Clock): AttachmentRecords {
  return {
    insertAttachment: (attachment) => insertRow(db, 'attachments', attachmentCodec.toRow(attachment)),
    getAttachment: async (id) => {
      const row = await rowById(db, 'attachments', id);
      return row === undefined ? undefined : attachmentCodec.fromRow(row);
    },
    listAttachments: async (volumeId) => {
      const rows = await pageOf(db, 'attachments', {}, { volume_id: volumeId });
      return rows.map((row) => attachmentCodec.fromRow(row));
    },
    changeAttachment: (id, changes) =>
      changeRow(db, 'attachments', id, { ...attachmentCodec.toChanges(changes), updated_at: nowOf(clock) }),
    removeAttachment: (id) => removeRow(db, 'attachments', id),
  };
}

/** The present time as it is stored. */
export function nowOf(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
