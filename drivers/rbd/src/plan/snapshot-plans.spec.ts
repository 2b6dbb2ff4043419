import { aChild, anImage, aSnapshot } from '../spec-support/nodes.js';
import { planFreeSnapshot, planRevert } from './snapshot-plans.js';

const [S1, S2] = ['0f5a2f2e-7a1c-4b7e-8b0c-000000000011', '0f5a2f2e-7a1c-4b7e-8b0c-000000000012'];
const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';

describe('planFreeSnapshot', () => {
  const snapshot = aSnapshot(`snapshot-${S1}`, { children: [aChild(`volume-${V}`), aChild('other')] });

  it('flattens what depends on it where that is asked for', () => {
    expect(planFreeSnapshot('p', 'volumes', snapshot, true)).toEqual([
      { kind: 'flatten', image: `volume-${V}` },
      { kind: 'flatten', image: 'other' },
    ]);
  });

  it.each([
    ['it is not asked for', snapshot.children, false],
    ['one is in another pool', [aChild('x', { pool: 'images' })], true],
    ['one is in the trash', [aChild('x', { inTrash: true })], true],
  ])('names what depends on it where %s', (_, children, flatten) => {
    const heldBy = children.map(({ image }) => (image === `volume-${V}` ? V : image));
    expect(() => planFreeSnapshot('p', 'volumes', { ...snapshot, children }, flatten)).toThrow(
      expect.objectContaining({ code: 'snapshot-busy', details: { heldBy } }) as Error,
    );
  });
});

describe('planRevert', () => {
  const [first, second] = [aSnapshot(`snapshot-${S1}`), aSnapshot(`snapshot-${S2}`)];

  it.each([
    ['of its size', anImage('v', [first]), false, [{ kind: 'roll-back', image: 'v', snapshot: first.name }]],
    [
      'that has grown',
      anImage('v', [first], { sizeBytes: 2048 }),
      false,
      [
        { kind: 'roll-back', image: 'v', snapshot: first.name },
        { kind: 'resize', image: 'v', sizeBytes: 2048 },
      ],
    ],
    [
      'that is independent while its snapshot is not',
      anImage('v', [first], { sizeBytes: 2048 }),
      true,
      [{ kind: 'copy-back', image: 'v', snapshot: first.name }],
    ],
    [
      'with newer snapshots of clones',
      anImage('v', [first, aSnapshot('c.clone_snap'), aSnapshot('backup.b.snap.1')]),
      false,
      [{ kind: 'roll-back', image: 'v', snapshot: first.name }],
    ],
  ])('puts back a volume %s', (_, image, needsCopy, expected) => {
    expect(planRevert(image, S1, needsCopy).steps).toEqual(expected);
  });

  it('refuses where there are newer snapshots, and names them', () => {
    expect(() => planRevert(anImage('v', [first, second]), S1, false)).toThrow(
      expect.objectContaining({ code: 'snapshot-busy', details: { heldBy: [S2] } }) as Error,
    );
  });

  it.each([
    ['is none', []],
    ['was removed and is kept for its clones only', [{ ...first, namespace: 'trash' as const }]],
  ])('refuses where there %s', (_, snapshots) => {
    expect(() => planRevert(anImage('v', snapshots), S1, false)).toThrow(
      expect.objectContaining({ code: 'snapshot-not-found' }) as Error,
    );
  });
});
