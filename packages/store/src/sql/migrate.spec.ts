import { FakeLockManager } from '@scoria/testkit';
import { Kysely, Migrator } from '#kysely';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../open-store.js';
import { attachmentOf, snapshotOf, temporarySnapshotOf, volumeOf } from '../testing/samples.js';
import { clockAt, NOW } from '../testing/store-case.js';
import { migrationsFor } from './migrations.js';
import { openSqlite } from './sqlite-dialect.js';

const MIGRATIONS = migrationsFor('sqlite');
const VOLUME = volumeOf();
const ATTACHMENT = attachmentOf(VOLUME, { host: 'node-1' });

const SNAPSHOT = snapshotOf(VOLUME, { status: 'creating' });

/** The tables as the first version made them, with an attachment and a snapshot in them. */
async function writeFirstVersion(file: string): Promise<void> {
  const db = new Kysely<Record<string, Record<string, unknown>>>({ dialect: await openSqlite(file) });
  const first = { '001-records': MIGRATIONS['001-records']! };
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(first) } });
  const { error } = await migrator.migrateToLatest();
  expect(error).toBeUndefined();
  const times = { created_at: VOLUME.createdAt, updated_at: VOLUME.updatedAt };
  const { id, name, projectId, sizeBytes, status, backend } = VOLUME;
  const volume = { id, name, project_id: projectId, size_bytes: sizeBytes, status, backend, ...times };
  await db
    .insertInto('volumes')
    .values({ ...volume, counts_in_quota: 1, provider_metadata: '{}' })
    .execute();
  const { id: attachmentId, status: state, host } = ATTACHMENT;
  await db
    .insertInto('attachments')
    .values({ id: attachmentId, volume_id: id, status: state, host, ...times })
    .execute();
  await db
    .insertInto('snapshots')
    .values({
      id: SNAPSHOT.id,
      name: SNAPSHOT.name,
      project_id: SNAPSHOT.projectId,
      size_bytes: SNAPSHOT.sizeBytes,
      status: SNAPSHOT.status,
      volume_id: SNAPSHOT.volumeId,
      counts_in_quota: 1,
      provider_metadata: '{}',
      ...times,
    })
    .execute();
  await db.destroy();
}

describe('the tables of an older version', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'scoria-migrate-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('get what they lack, and keep what they have', async () => {
    const file = path.join(directory, 'records.sqlite');
    await writeFirstVersion(file);
    await using store = await openStore({
      url: `sqlite:${file}`,
      clock: clockAt(NOW),
      lockManager: new FakeLockManager(),
      lockDirectory: directory,
    });
    expect(await store.getVolume(VOLUME.id)).toEqual(VOLUME);
    expect(await store.getAttachment(ATTACHMENT.id)).toEqual(ATTACHMENT);
    expect(await store.changeAttachment(ATTACHMENT.id, { monitor: '/run/guest.sock' })).toBe(true);
    expect(await store.getAttachment(ATTACHMENT.id)).toMatchObject({ monitor: '/run/guest.sock' });
    expect(await store.getSnapshot(SNAPSHOT.id)).toEqual(SNAPSHOT);
    const computeReport = { during: 'creating', asked: 'take x' } as const;
    expect(await store.changeSnapshot(SNAPSHOT.id, ['creating'], { computeReport })).toBe(true);
    expect(await store.getSnapshot(SNAPSHOT.id)).toMatchObject({ computeReport });
    const temporary = temporarySnapshotOf({ volumeId: VOLUME.id });
    await store.putTemporarySnapshot(temporary);
    expect(await store.getTemporarySnapshot(temporary.id)).toEqual(temporary);
  });
});
