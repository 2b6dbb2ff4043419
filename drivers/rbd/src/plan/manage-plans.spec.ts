import { anImage, aSnapshot } from '../spec-support/nodes.js';
import { planManageSnapshot, reasonAgainstSnapshot } from './manage-plans.js';

const OURS = 'snapshot-0f5a2f2e-7a1c-4b7e-8b0c-000000000011';
const [theirs, ours] = [aSnapshot('theirs'), aSnapshot(OURS)];
const protect = { kind: 'protect-snapshot', image: 'v' } as const;

describe('planManageSnapshot', () => {
  it.each([
    [
      'renames it last',
      [theirs],
      [
        { ...protect, snapshot: 'theirs' },
        { kind: 'rename-snapshot', image: 'v', snapshot: 'theirs', to: OURS },
      ],
    ],
    ['protects one that was renamed before', [ours], [{ ...protect, snapshot: OURS }]],
  ])('%s', (_, snapshots, steps) => {
    expect(planManageSnapshot(anImage('v', snapshots), 'theirs', OURS).steps).toEqual(steps);
  });

  it('takes one that has its name already', () => {
    expect(planManageSnapshot(anImage('v', [ours]), OURS, OURS).steps).toEqual([
      { ...protect, snapshot: OURS },
    ]);
  });

  it.each([
    ['is none', [], 'theirs', 'snapshot-not-found'],
    ['is one with its name besides', [theirs, ours], 'theirs', 'already-exists'],
    [
      'is one in the trash only',
      [{ ...theirs, namespace: 'trash' as const }],
      'theirs',
      'snapshot-not-found',
    ],
    ['is one for a clone', [aSnapshot('c.clone_snap')], 'c.clone_snap', 'invalid-input'],
    ['is one for a backup', [aSnapshot('backup.b.snap.1')], 'backup.b.snap.1', 'invalid-input'],
  ])('refuses where there %s', (_, snapshots, from, code) => {
    expect(() => planManageSnapshot(anImage('v', snapshots), from, OURS)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });
});

it.each([
  [theirs, ''],
  [{ ...theirs, namespace: 'group' as const }, 'it belongs to a group'],
  [{ ...theirs, namespace: 'trash' as const }, 'it was removed, and is kept for its clones'],
])('says why a snapshot cannot be managed: %j', (snapshot, reason) => {
  expect(reasonAgainstSnapshot(snapshot)).toBe(reason);
});
