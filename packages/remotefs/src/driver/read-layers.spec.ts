import type { Chain, Layer } from '../chain/chain.js';
import { layersOf } from './read-layers.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const layer = (file: string, format: Layer['format'] = 'qcow2'): Layer => ({
  file,
  format,
  virtualBytes: 512,
});

function chain(layers: readonly [Layer, ...Layer[]], snapshots: Record<string, string>): Chain {
  const info = Object.keys(snapshots).length === 0 ? undefined : { active: layers[0].file, snapshots };
  return { volumeId: V, info, layers };
}

describe('layersOf', () => {
  it.each<[string, Chain, [string, string | undefined, boolean, string[]][]]>([
    ['a volume alone', chain([layer('v', 'raw')], {}), [['v', undefined, true, []]]],
    [
      'two snapshots',
      chain([layer('v.2'), layer('v.1'), layer('v', 'raw')], { 1: 'v.1', 2: 'v.2' }),
      [
        ['v', undefined, false, ['1']],
        ['v.1', 'v', false, ['2']],
        ['v.2', 'v.1', true, []],
      ],
    ],
    [
      'an old record with two snapshots in one file',
      chain([layer('v.1'), layer('v', 'raw')], { 1: 'v.1', 3: 'v.1' }),
      [
        ['v', undefined, false, ['1', '3']],
        ['v.1', 'v', true, []],
      ],
    ],
    [
      'a file that is no snapshot any more',
      chain([layer('v.2'), layer('v.1'), layer('v', 'raw')], { 2: 'v.2' }),
      [
        ['v', undefined, false, []],
        ['v.1', 'v', false, ['2']],
        ['v.2', 'v.1', true, []],
      ],
    ],
  ])('%s', (_, read, expected) => {
    const found = layersOf(read, 'v').map(({ name, parent, isVolume, snapshotIds }) => [
      name,
      parent,
      isVolume,
      snapshotIds,
    ]);
    expect(found).toEqual(expected);
  });

  it.each([
    ['the file that the volume was made with', chain([layer('v.1'), layer('v', 'raw')], { 1: 'v.1' }), ['v']],
    ['none, where a guest has taken that in', chain([layer('v.2'), layer('v.1')], { 2: 'v.2' }), []],
  ])('the original is %s', (_, read, expected) => {
    const found = layersOf(read, 'v').filter(({ isOriginal }) => isOriginal);
    expect(found.map(({ name }) => name)).toEqual(expected);
  });
});
