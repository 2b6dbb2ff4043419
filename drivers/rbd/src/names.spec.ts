import {
  isBackupSnapshot,
  isCloneSnapshot,
  isDeletedImage,
  livingName,
  snapshotIdOf,
  snapshotName,
  volumeIdOf,
  volumeImage,
} from './names.js';

const ID = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';

describe('names in a pool', () => {
  it.each([
    ['a volume', volumeIdOf(volumeImage(ID)), ID],
    ['a deleted volume', volumeIdOf(`volume-${ID}.deleted`), undefined],
    ['another image', volumeIdOf('volume-1'), undefined],
    ['an image of another kind', volumeIdOf(ID), undefined],
    ['a snapshot', snapshotIdOf(snapshotName(ID)), ID],
    ['the snapshot of a clone', snapshotIdOf(`volume-${ID}.clone_snap`), undefined],
  ])('tell the id of %s', (_, found, expected) => {
    expect(found).toBe(expected);
  });

  it.each([
    [`volume-${ID}.clone_snap`, true],
    ['anything.clone_snap', true],
    ['.clone_snap', false],
    [`snapshot-${ID}`, false],
  ])('the snapshot %s was taken for a clone: %s', (name, expected) => {
    expect(isCloneSnapshot(name)).toBe(expected);
  });

  it.each([
    [`backup.${ID}.snap.1700000000.12`, true],
    ['backup.x.snap.', false],
    [`backup.${ID}`, false],
    [`xbackup.${ID}.snap.1`, false],
  ])('the snapshot %s is of a backup: %s', (name, expected) => {
    expect(isBackupSnapshot(name)).toBe(expected);
  });

  it.each([
    [`volume-${ID}.deleted`, true, `volume-${ID}`],
    [`volume-${ID}`, false, `volume-${ID}`],
    ['.deleted', false, '.deleted'],
    ['db-backup.deleted', false, 'db-backup.deleted'],
    ['volume-1.deleted', false, 'volume-1.deleted'],
  ])('the image %s is deleted: %s', (name, deleted, living) => {
    expect([isDeletedImage(name), livingName(name)]).toEqual([deleted, living]);
  });
});
