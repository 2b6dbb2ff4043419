import fc from 'fast-check';
import type { Chain, Layer } from '../chain/chain.js';
import { snapshotIds, snapshotLayers } from '../chain/chain.js';
import { FileNames } from '../chain/file-names.js';
import type { Plan } from './plan.js';
import { describeStep } from './plan.js';
import { planCreateSnapshot, planDeleteSnapshot, planRevert } from './snapshot-plans.js';
import { planCreateVolume, planDeleteVolume, planExtend, planRecordFormats } from './volume-plans.js';

const names = new FileNames('volume-%s');
const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const MIB = 1024 * 1024;
const id = (n: number): string => `0f5a2f2e-7a1c-4b7e-8b0c-1000000000${String(n).padStart(2, '0')}`;

/** A volume with the snapshots 1 to `count`, as Cinder and we write it. */
function chainOf(count: number): Chain {
  const overlays = Array.from({ length: count }, (_, index) => names.overlay(V, id(index + 1)));
  const base: Layer = { file: names.volumeFile(V), format: 'raw', virtualBytes: MIB };
  const layers = overlays.map((file): Layer => ({ file, format: 'qcow2', virtualBytes: MIB })).reverse() as [
    Layer,
    ...Layer[],
  ];
  const snapshots = Object.fromEntries(overlays.map((file, index) => [id(index + 1), file]));
  const active = overlays.at(-1);
  return {
    volumeId: V,
    info: active === undefined ? undefined : { active, snapshots },
    layers: active === undefined ? [base] : [...layers, base],
  };
}

function words(plan: Plan | undefined): string[] {
  return (
    plan?.steps
      .map(describeStep)
      .map((text) => text.replaceAll(`volume-${V}`, 'V').replaceAll(id(0).slice(0, -2), '')) ?? []
  );
}

describe('create a snapshot', () => {
  it('makes an overlay on the active file, then writes the record', () => {
    const chain = chainOf(1);
    const plan = planCreateSnapshot(names, V, id(2), chain.info, chain.layers[0]);
    expect(words(plan)).toEqual([
      'create V.02 on V.01 (qcow2)',
      'write the chain record: active V.02, 2 snapshot(s)',
    ]);
    expect(plan.journal).toEqual({ onCrash: 'back', commitPoint: 1 });
    expect(plan.undo.map(describeStep)).toEqual([`remove ${names.overlay(V, id(2))}`]);
  });

  it('refuses an id that is there', () => {
    const chain = chainOf(1);
    expect(() => planCreateSnapshot(names, V, id(1), chain.info, chain.layers[0])).toThrow(
      /has the snapshot/,
    );
  });
});

describe('delete a snapshot', () => {
  it.each([
    ['the only one', 1, 1, ['commit V.01 into V (raw)', 'remove the chain record', 'remove V.01']],
    [
      'the top of three',
      3,
      3,
      ['commit V.03 into V.02 (qcow2)', 'write the chain record: active V.02, 2 snapshot(s)', 'remove V.03'],
    ],
    [
      'the middle of three',
      3,
      2,
      [
        'commit V.02 into V.01 (qcow2)',
        'point V.03 at V.01 (qcow2)',
        'write the chain record: active V.03, 2 snapshot(s)',
        'remove V.02',
      ],
    ],
    [
      'the oldest of three',
      3,
      1,
      [
        'commit V.01 into V (raw)',
        'point V.02 at V (raw)',
        'write the chain record: active V.03, 2 snapshot(s)',
        'remove V.01',
      ],
    ],
  ])('%s: merges its own file into its own backing file', (_what, count, which, expected) => {
    const plan = planDeleteSnapshot(names, chainOf(count), id(which));
    expect(words(plan)).toEqual(expected);
    expect(plan?.journal).toEqual({ onCrash: 'forward', commitPoint: expected.length - 2 });
  });

  it('has nothing to do for one that is not in the record', () => {
    expect(planDeleteSnapshot(names, chainOf(2), id(9))).toBeUndefined();
    expect(planDeleteSnapshot(names, chainOf(0), id(9))).toBeUndefined();
    expect(planDeleteSnapshot(names, chainOf(1), 'constructor')).toBeUndefined();
  });

  it('only drops the entry where an old record has two snapshots in one file', () => {
    const chain = chainOf(2);
    const file = names.overlay(V, id(1));
    const info = {
      active: names.overlay(V, id(2)),
      snapshots: { [id(1)]: file, [id(2)]: names.overlay(V, id(2)), [id(3)]: file },
    };
    const plan = planDeleteSnapshot(names, { ...chain, info }, id(3));
    expect(words(plan)).toEqual(['write the chain record: active V.02, 2 snapshot(s)']);
  });

  it('refuses a file that is not in the chain', () => {
    const chain = chainOf(1);
    const info = { active: names.overlay(V, id(1)), snapshots: { [id(5)]: names.overlay(V, id(5)) } };
    expect(() => planDeleteSnapshot(names, { ...chain, info }, id(5))).toThrow(/is not in the chain/);
  });
});

describe('revert', () => {
  it('puts an empty overlay in the place of the active one, in one step', () => {
    const plan = planRevert(chainOf(2), id(2), MIB);
    expect(plan.steps.map((step) => step.kind)).toEqual(['create-overlay', 'replace']);
    expect(plan.steps[0]).toMatchObject({ backing: names.overlay(V, id(1)), backingFormat: 'qcow2' });
    expect(plan.journal).toBeUndefined();
  });

  it('names the newer snapshots where it is not the newest', () => {
    expect(() => planRevert(chainOf(3), id(1), MIB)).toThrow(
      `older than ${id(2)}, ${id(3)}: delete those first`,
    );
  });

  it('does not know a snapshot that is not there', () => {
    expect(() => planRevert(chainOf(2), id(9), MIB)).toThrow(/has no snapshot/);
  });
});

describe('volumes', () => {
  it('are made under a temporary name first', () => {
    const plan = planCreateVolume(names, V, MIB, { format: 'raw', preallocated: false });
    expect(plan.steps.map((step) => step.kind)).toEqual(['create-file', 'publish']);
  });

  it('are deleted in one step without a record', () => {
    expect(planDeleteVolume(chainOf(0))).toMatchObject({
      steps: [{ kind: 'remove', file: names.volumeFile(V) }],
    });
    expect(planDeleteVolume(chainOf(0)).journal).toBeUndefined();
  });

  it('are busy while they have snapshots', () => {
    expect(() => planDeleteVolume(chainOf(2))).toThrow(
      `2 snapshot(s): ${id(1)}, ${id(2)}; delete those first`,
    );
  });

  it('take what a clone left over with them', () => {
    const left = `tmp-snap-${id(7)}`;
    const file = `${names.volumeFile(V)}.${left}`;
    const chain = chainOf(0);
    const layers: [Layer, Layer] = [{ file, format: 'qcow2', virtualBytes: MIB }, chain.layers[0]];
    const plan = planDeleteVolume({ ...chain, info: { active: file, snapshots: { [left]: file } }, layers });
    expect(plan.steps.map((step) => step.kind)).toEqual(['remove', 'remove', 'write-info']);
    expect(plan.journal?.onCrash).toBe('forward');
  });

  it('grow at the active file', () => {
    expect(planExtend(chainOf(2), 2 * MIB, false).steps).toEqual([
      {
        kind: 'grow',
        file: names.overlay(V, id(2)),
        format: 'qcow2',
        below: [
          { file: names.overlay(V, id(1)), format: 'qcow2' },
          { file: names.volumeFile(V), format: 'raw' },
        ],
        sizeBytes: 2 * MIB,
        preallocated: false,
      },
    ]);
  });

  it('get the formats recorded that their overlays do not say', () => {
    const plan = planRecordFormats(chainOf(2), [names.overlay(V, id(1))]);
    expect(words(plan)).toEqual(['point V.01 at V (raw)']);
  });
});

/** What a plan makes of a chain, with each file standing for the set of writes that it holds. */
function simulate(
  chain: Chain,
  data: Map<string, string[]>,
  plan: Plan,
): { chain: Chain; data: Map<string, string[]> } {
  let { info } = chain;
  const backing = new Map(chain.layers.map((layer, index) => [layer.file, chain.layers[index + 1]?.file]));
  const held = new Map(data);
  for (const step of plan.steps) {
    if (step.kind === 'commit')
      held.set(step.below[0].file, [...(held.get(step.below[0].file) ?? []), ...(held.get(step.file) ?? [])]);
    if (step.kind === 'rebase') backing.set(step.file, step.backing);
    if (step.kind === 'write-info') info = step.info;
    if (step.kind === 'remove') held.delete(step.file as string);
  }
  const files = [info?.active ?? names.volumeFile(V)];
  for (let next = backing.get(files[0] ?? ''); next !== undefined; next = backing.get(next)) files.push(next);
  const layers = files.map((file): Layer => ({ file, format: 'qcow2', virtualBytes: MIB })) as [
    Layer,
    ...Layer[],
  ];
  return { chain: { volumeId: V, info, layers }, data: held };
}

function viewOf(layers: readonly Layer[], data: Map<string, string[]>): string[] {
  return [...layers].reverse().flatMap((layer) => data.get(layer.file) ?? []);
}

describe('deleting snapshots in any order', () => {
  it('leaves every other snapshot and the volume reading the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.nat()), (count, picks) => {
        let chain = chainOf(count);
        let data = new Map(chain.layers.map((layer) => [layer.file, [`written to ${layer.file}`]]));
        const expected = new Map(snapshotIds(chain).map((s) => [s, viewOf(snapshotLayers(chain, s), data)]));
        const volume = viewOf(chain.layers, data);
        while (expected.size > 0) {
          const left = [...expected.keys()];
          const doomed = left[(picks.next().value as number) % left.length] ?? '';
          const plan = planDeleteSnapshot(names, chain, doomed);
          if (plan === undefined) throw new Error('there is a plan for what is there');
          ({ chain, data } = simulate(chain, data, plan));
          expected.delete(doomed);
          for (const [s, view] of expected) expect(viewOf(snapshotLayers(chain, s), data)).toEqual(view);
          expect(viewOf(chain.layers, data)).toEqual(volume);
        }
        expect(chain.info).toBeUndefined();
        expect([...data.keys()]).toEqual([names.volumeFile(V)]);
      }),
    );
  });
});
