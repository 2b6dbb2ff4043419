import { DriverError, MIB } from '@scoria/core';
import { aChild, anImage, aParent, aSnapshot } from '../spec-support/nodes.js';
import type { ImageNode, SnapshotNode } from '../tree/image-node.js';
import { mayRelease, planDeleteVolume, planRelease } from './delete-plans.js';
import { describeStep } from './plan.js';

const AT_ONCE = { trashSeconds: undefined };
const S = '0f5a2f2e-7a1c-4b7e-8b0c-000000000011';
const DELETED = `volume-${S}.deleted`;
const backup = aSnapshot('backup.b1.snap.17');
const unused = aSnapshot('gone.clone_snap');
const used = aSnapshot('c.clone_snap', { children: [aChild('c')] });
const trashed = aSnapshot('snapshot-x', { namespace: 'trash', children: [aChild('c')] });
const mirror = aSnapshot('.mirror.1', { namespace: 'mirror' });

function lines({ steps }: { steps: readonly Parameters<typeof describeStep>[0][] }): string[] {
  return steps.map(describeStep);
}

const cutOff = aSnapshot('made-up', { id: 8, namespace: 'trash' });

describe('planDeleteVolume', () => {
  it.each<[string, SnapshotNode[], string[], boolean]>([
    ['nothing', [], ['remove v'], true],
    ['a backup', [backup], ['remove the snapshot v@backup.b1.snap.17', 'remove v'], true],
    [
      'the snapshot of a clone that is gone',
      [unused],
      ['unprotect v@gone.clone_snap', 'remove the snapshot v@gone.clone_snap', 'remove v'],
      true,
    ],
    ['a clone', [used], ['rename v to v.deleted'], false],
    [
      'a clone and a backup',
      [backup, used],
      ['remove the snapshot v@backup.b1.snap.17', 'rename v to v.deleted'],
      false,
    ],
    ['a clone of a removed snapshot', [trashed], ['rename v to v.deleted'], false],
    [
      'a snapshot whose removal was cut off',
      [cutOff],
      ['remove what is left of the removed snapshot 8 of v', 'remove v'],
      true,
    ],
    ["what is the mirror's own business", [mirror], ['remove v'], true],
  ])('of a volume with %s', (_, snapshots, expected, removesImage) => {
    const plan = planDeleteVolume(anImage('v', snapshots), AT_ONCE);
    expect([lines(plan), plan.removesImage]).toEqual([expected, removesImage]);
  });

  it('ends a rename that was cut off', () => {
    const plan = planDeleteVolume(anImage('v', [backup], { isHalfRenamed: true }), AT_ONCE);
    expect([lines(plan), plan.removesImage]).toEqual([
      ['remove the snapshot v@backup.b1.snap.17', 'rename v to v.deleted'],
      false,
    ]);
  });

  it('moves to the trash, with what the image depends on, where that is asked for', () => {
    const parent = aParent('p', 'v.clone_snap');
    const { steps } = planDeleteVolume(anImage('v', [], { parent }), { trashSeconds: 7 });
    const { pool, image, imageId, snapshot, snapshotId } = parent;
    expect(steps).toEqual([
      {
        kind: 'move-to-trash',
        image: 'v',
        id: 'id-v',
        delaySeconds: 7,
        parent: { pool, image, imageId, snapshot, snapshotId },
      },
    ]);
  });

  it.each([
    ['nobody has the lock of, by its id', false, { id: 'id-v' }],
    ['somebody has the lock of, in one go', true, {}],
  ])('removes an image that %s', (_, isLocked, fields) => {
    const size = { sizeBytes: 10 * MIB, stripeUnitBytes: 4 * MIB };
    const { steps } = planDeleteVolume(anImage('v', [], { isLocked, ...size }), AT_ONCE);
    expect(steps).toEqual([{ kind: 'remove-image', image: 'v', objects: 3, ...fields }]);
  });

  it.each<[string, SnapshotNode, string]>([
    ['a snapshot of ours', aSnapshot(`snapshot-${S}`), S],
    ['a snapshot that somebody has taken by hand', aSnapshot('mine'), 'mine'],
    ['a snapshot of a group', aSnapshot('g', { namespace: 'group' }), 'g'],
  ])('is refused where it has %s, also beside clones, and names it', (_, snapshot, holder) => {
    const attempt = (): unknown => planDeleteVolume(anImage('v', [backup, used, snapshot]), AT_ONCE);
    expect(attempt).toThrow(DriverError);
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'volume-busy', details: { heldBy: [holder] } }) as Error,
    );
  });
});

describe('planRelease', () => {
  const own = aSnapshot('c.clone_snap');
  const other = aSnapshot('d.clone_snap', { children: [aChild('d')] });
  const parentOfP = aParent('g', 'p.clone_snap');
  const removal = (image: string): string[] => [
    `unprotect ${image}@c.clone_snap`,
    `remove the snapshot ${image}@c.clone_snap`,
  ];

  it.each<[string, ImageNode, string[], boolean]>([
    ['a living parent', anImage('p', [own]), removal('p'), false],
    ['a living parent that is a clone', anImage('p', [own], { parent: parentOfP }), removal('p'), false],
    [
      'a parent that is independent, but not its snapshot',
      anImage('p', [own], { parent: parentOfP, isFlat: true }),
      removal('p'),
      true,
    ],
    ["a snapshot of the user's", anImage('p', [aSnapshot(`snapshot-${S}`)]), [], false],
    ['a snapshot that is needed still', anImage('p', [{ ...own, children: [aChild('c')] }]), [], false],
    [
      'a deleted parent with its last clone',
      anImage(DELETED, [own], { parent: parentOfP }),
      [...removal(DELETED), `remove ${DELETED}`],
      true,
    ],
    ['a deleted parent with other clones', anImage(DELETED, [own, other]), removal(DELETED), false],
    ['a deleted parent without snapshots', anImage(DELETED), [`remove ${DELETED}`], false],
    [
      'a deleted parent with what an earlier driver has forgotten',
      anImage(DELETED, [own, aSnapshot('e.clone_snap')]),
      [
        ...removal(DELETED),
        `unprotect ${DELETED}@e.clone_snap`,
        `remove the snapshot ${DELETED}@e.clone_snap`,
        `remove ${DELETED}`,
      ],
      false,
    ],
    [
      'a deleted parent whose removed snapshot others need',
      anImage(DELETED, [own, { ...trashed, id: 9 }]),
      removal(DELETED),
      false,
    ],
    [
      'a living parent with a snapshot whose removal was cut off',
      anImage('p', [cutOff]),
      ['remove what is left of the removed snapshot 8 of p'],
      false,
    ],
    [
      'a deleted parent with a snapshot whose removal was cut off',
      anImage(DELETED, [cutOff]),
      [`remove what is left of the removed snapshot 8 of ${DELETED}`, `remove ${DELETED}`],
      false,
    ],
    [
      'a living parent with a snapshot that somebody forgot, which is not the one',
      anImage('p', [own, aSnapshot('e.clone_snap')]),
      removal('p'),
      false,
    ],
  ])('of %s', (_, parent, expected, goesOn) => {
    const plan = planRelease(parent, { snapshotId: 1 }, AT_ONCE);
    expect([lines(plan), plan.goesOn]).toEqual([expected, goesOn]);
  });

  it('counts for a dry run as gone what will be gone', () => {
    const trash = aSnapshot('snapshot-x', { namespace: 'trash', children: [aChild('c')] });
    const parent = anImage(DELETED, [trash]);
    expect(lines(planRelease(parent, { snapshotId: 1 }, AT_ONCE))).toEqual([]);
    expect(lines(planRelease(parent, { snapshotId: 1 }, AT_ONCE, ['id-c']))).toEqual([`remove ${DELETED}`]);
  });

  it('goes no further than a parent that stays in the trash, as it depends on its own there', () => {
    const parent = anImage(DELETED, [own], { parent: parentOfP });
    const plan = planRelease(parent, { snapshotId: 1 }, { trashSeconds: 0 });
    expect(plan.goesOn).toBe(false);
    expect(lines(plan).at(-1)).toBe(`move ${DELETED} to the trash for at least 0 seconds`);
  });
});

describe('mayRelease', () => {
  it.each([
    ["its clone's snapshot", aParent('p', 'c.clone_snap'), true],
    ["a user's snapshot", aParent('p', `snapshot-${S}`), false],
    ["a user's snapshot of a deleted image", aParent(DELETED, `snapshot-${S}`), true],
    ['an image of another pool', aParent('p', 'c.clone_snap', { pool: 'images' }), false],
  ])('%s: %#', (_, parent, expected) => {
    expect(mayRelease(parent, 'volumes')).toBe(expected);
  });
});
