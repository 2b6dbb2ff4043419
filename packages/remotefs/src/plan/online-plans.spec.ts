import type { Chain, Layer } from '../chain/chain.js';
import { FileNames } from '../chain/file-names.js';
import { journaledPlan } from '../execute/journaled-plan.js';
import { planCreateSnapshotOnline, planDeleteSnapshotOnline } from './online-plans.js';
import type { Plan, Step } from './plan.js';
import { describeStep } from './plan.js';

const names = new FileNames('volume-%s');
const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const MIB = 1024 * 1024;
const id = (n: number): string => `0f5a2f2e-7a1c-4b7e-8b0c-1000000000${String(n).padStart(2, '0')}`;

/** A volume in a raw file with the snapshots 1 to `count`. */
function chainOf(count: number): Chain {
  const overlays = Array.from({ length: count }, (_, index) => names.overlay(V, id(index + 1)));
  const base: Layer = { file: names.volumeFile(V), format: 'raw', virtualBytes: MIB };
  const layers = overlays.map((file): Layer => ({ file, format: 'qcow2', virtualBytes: MIB })).reverse();
  const snapshots = Object.fromEntries(overlays.map((file, index) => [id(index + 1), file]));
  const [first, ...more]: readonly [Layer, ...Layer[]] = [
    layers[0] ?? base,
    ...layers.slice(1),
    ...(layers.length === 0 ? [] : [base]),
  ];
  return {
    volumeId: V,
    info: count === 0 ? undefined : { active: first.file, snapshots },
    layers: [first, ...more],
  };
}

function words(steps: readonly Step[] = []): string[] {
  return steps
    .map(describeStep)
    .map((text) => text.replaceAll(`volume-${V}`, 'V').replaceAll(id(0).slice(0, -2), '').replaceAll(V, 'V'));
}

/** What makes the guest write out what it has in memory of the active file. */
function flushOf(active: string): string[] {
  return [
    'remove V.tmp-snap-V',
    `create V.tmp-snap-V on ${active} (qcow2)`,
    `have the guest write out ${active}`,
    'remove V.tmp-snap-V',
  ];
}

describe('create a snapshot while a guest runs', () => {
  it('gives the overlay its name when it is whole, has the guest switch to it, then writes the record', () => {
    const chain = chainOf(1);
    const plan = planCreateSnapshotOnline(names, V, id(2), chain.info, chain.layers[0]);
    expect(words(plan.steps)).toEqual([
      'create V.overlay (temporary) on V.01 (qcow2)',
      'publish V.overlay (temporary) as V.02',
      'have the guest write to V.02 instead of V.01',
      'write the chain record: active V.02, 2 snapshot(s)',
    ]);
    expect(plan.journal).toEqual({ onCrash: 'forward', commitPoint: 3 });
    expect(words(plan.undo)).toEqual(['remove V.overlay (temporary)', 'remove V.02']);
    expect(words(plan.online?.whenGone)).toEqual(['write the chain record: active V.02, 2 snapshot(s)']);
  });
});

describe('delete a snapshot while a guest runs', () => {
  it.each([
    {
      what: 'the only one: the active file stands alone',
      count: 1,
      which: 1,
      guest: 'have the guest pull V into V.01',
      record: 'write the chain record: active V.01, 0 snapshot(s)',
      remove: 'remove V',
      whenGone: ['remove V.tmp-snap-V', 'point V.01 at V (raw)'],
    },
    {
      what: 'the newest of three: the one before it has the active file',
      count: 3,
      which: 3,
      guest: 'have the guest pull V.02 into V.03',
      record: 'write the chain record: active V.03, 2 snapshot(s)',
      remove: 'remove V.02',
      whenGone: ['remove V.tmp-snap-V', 'point V.03 at V.02 (qcow2)'],
    },
    {
      what: 'the middle of three',
      count: 3,
      which: 2,
      guest: 'have the guest commit V.02 into V.01 (qcow2)',
      record: 'write the chain record: active V.03, 2 snapshot(s)',
      remove: 'remove V.02',
      whenGone: [
        'remove V.tmp-snap-V',
        'point V.03 at V.02 (qcow2)',
        'commit V.02 into V.01 (qcow2)',
        'point V.03 at V.01 (qcow2)',
        'write the chain record: active V.03, 2 snapshot(s)',
        'remove V.02',
      ],
    },
    {
      what: 'the oldest of three',
      count: 3,
      which: 1,
      guest: 'have the guest commit V.01 into V (raw)',
      record: 'write the chain record: active V.03, 2 snapshot(s)',
      remove: 'remove V.01',
      whenGone: [
        'remove V.tmp-snap-V',
        'point V.02 at V.01 (qcow2)',
        'commit V.01 into V (raw)',
        'point V.02 at V (raw)',
        'write the chain record: active V.03, 2 snapshot(s)',
        'remove V.01',
      ],
    },
  ])('$what', ({ count, which, guest, record, remove, whenGone }) => {
    const plan = planDeleteSnapshotOnline(names, chainOf(count), id(which));
    const active = `V.${String(count).padStart(2, '0')}`;
    expect(words(plan?.steps)).toEqual([guest, ...flushOf(active), record, remove]);
    expect(plan?.journal).toEqual({ onCrash: 'forward', commitPoint: 5 });
    expect(words(plan?.undo)).toEqual(['remove V.tmp-snap-V']);
    expect(words(plan?.online?.whenGone)).toEqual(whenGone);
  });

  it('has the older snapshot point at the active file when the newest has gone', () => {
    const plan = planDeleteSnapshotOnline(names, chainOf(2), id(2));
    const record = plan?.steps.find((step) => step.kind === 'write-info');
    const active = names.overlay(V, id(2));
    expect(record).toEqual({ kind: 'write-info', info: { active, snapshots: { [id(1)]: active } } });
  });

  it('has nothing to do for one that is not in the record', () => {
    expect(planDeleteSnapshotOnline(names, chainOf(2), id(9))).toBeUndefined();
  });

  it('only drops the entry where an old record has two snapshots in one file', () => {
    const chain = chainOf(1);
    const file = names.overlay(V, id(1));
    const info = { active: file, snapshots: { [id(1)]: file, [id(3)]: file } };
    const plan = planDeleteSnapshotOnline(names, { ...chain, info }, id(3));
    expect(words(plan?.steps)).toEqual(['write the chain record: active V.01, 1 snapshot(s)']);
    expect(plan?.online).toBeUndefined();
  });
});

describe('the journal of a plan with a guest', () => {
  const chain = chainOf(3);
  const plans = [
    planCreateSnapshotOnline(names, V, id(4), chain.info, chain.layers[0]),
    ...[1, 2, 3].map((which) => planDeleteSnapshotOnline(names, chain, id(which))),
    planDeleteSnapshotOnline(names, chainOf(1), id(1)),
  ].filter((plan): plan is Plan => plan !== undefined);
  const read = (plan: unknown): unknown =>
    journaledPlan(JSON.parse(JSON.stringify({ version: 1, plan })), V, names);

  it.each(plans.map((plan) => [words(plan.steps).join(', '), plan]))(
    '%s: is read as written',
    (_what, plan) => {
      expect(read(plan)).toEqual(JSON.parse(JSON.stringify(plan)));
    },
  );

  const OTHER = names.volumeFile('0f5a2f2e-7a1c-4b7e-8b0c-000000000002');
  it.each<[string, object]>([
    [
      'a switch to a file of another volume',
      { kind: 'guest-switch', active: { file: names.volumeFile(V), format: 'raw' }, overlay: OTHER },
    ],
    [
      'a switch from a file of another volume',
      { kind: 'guest-switch', active: { file: OTHER, format: 'raw' }, overlay: names.overlay(V, id(1)) },
    ],
    [
      'a commit into a file of another volume',
      {
        kind: 'guest-commit',
        active: names.overlay(V, id(3)),
        above: names.overlay(V, id(3)),
        file: names.overlay(V, id(2)),
        base: { file: OTHER, format: 'raw' },
      },
    ],
    [
      'a pull of a file of another volume',
      { kind: 'guest-pull', active: names.overlay(V, id(3)), file: OTHER },
    ],
    [
      'a scratch file that is another volume',
      { kind: 'guest-flush', active: names.overlay(V, id(3)), scratch: OTHER },
    ],
    [
      'a temporary file of another volume',
      { kind: 'publish', file: { temporary: `${OTHER}.overlay` }, as: names.overlay(V, id(1)) },
    ],
    ['a temporary file elsewhere', { kind: 'remove', file: { temporary: `${V}.x/../../y` } }],
    ['a step that there is not', { kind: 'guest-eject', active: names.overlay(V, id(3)) }],
  ])('refuses %s', (_what, step) => {
    const [plan] = plans;
    expect(read({ ...plan, steps: [step, ...(plan?.steps ?? [])] })).toMatch(/names no file of this volume/);
    expect(read({ ...plan, online: { snapshotId: id(4), whenGone: [step] } })).toMatch(
      /names no file of this volume/,
    );
  });

  it.each([{ snapshotId: '../x', whenGone: [] }, { snapshotId: id(4) }, 'yes', { whenGone: [] }])(
    'refuses %j in the place of what to do without the guest',
    (online) => {
      expect(read({ ...plans[0], online })).toBe('it does not say how it goes on without the guest');
    },
  );
});
