import type { ImageWishes } from './image-wishes.js';
import { describeShapeChange, inverseOf, OWN_FEATURES, planShape } from './plan-shape.js';

const DEFAULT = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];
const IOPS = 'conf_rbd_qos_iops_limit';

function wishes(fields: Partial<ImageWishes> = {}): ImageWishes {
  return { qos: new Map(), features: undefined, isShared: false, ...fields };
}

function planned(features: string[], metadata: Record<string, string>, wished: ImageWishes): string {
  const shape = { features, metadata: new Map(Object.entries(metadata)) };
  return planShape('one', shape, wished)
    .map((change) => describeShapeChange('one', change))
    .join('; ');
}

describe('planShape', () => {
  it.each<[string, string[], Record<string, string>, ImageWishes, string]>([
    ['nothing', DEFAULT, {}, wishes(), ''],
    ['what others keep', DEFAULT, { conf_rbd_cache: 'false' }, wishes(), ''],
    ['a limit', DEFAULT, {}, wishes({ qos: new Map([[IOPS, '5']]) }), `set ${IOPS} of one to 5`],
    ['a limit that is there', DEFAULT, { [IOPS]: '5' }, wishes({ qos: new Map([[IOPS, '5']]) }), ''],
    ['a limit no more', DEFAULT, { [IOPS]: '5' }, wishes(), `remove ${IOPS} of one`],
    [
      'sharing',
      DEFAULT,
      {},
      wishes({ isShared: true }),
      `set ${OWN_FEATURES} of one to ${DEFAULT.join(',')}; switch exclusive-lock, object-map, fast-diff of one off`,
    ],
    ['sharing what is shared', ['layering'], { [OWN_FEATURES]: 'layering' }, wishes({ isShared: true }), ''],
    ['sharing what can be', ['layering'], {}, wishes({ isShared: true }), ''],
    [
      'sharing no more',
      ['layering', 'deep-flatten'],
      { [OWN_FEATURES]: DEFAULT.join(',') },
      wishes(),
      `switch exclusive-lock, object-map, fast-diff of one on; remove ${OWN_FEATURES} of one`,
    ],
    [
      'features',
      ['layering', 'exclusive-lock', 'journaling'],
      { [OWN_FEATURES]: 'layering' },
      wishes({ features: ['layering', 'exclusive-lock', 'object-map'] }),
      'switch journaling of one off; switch object-map of one on',
    ],
    [
      'features that are shared',
      DEFAULT,
      { [OWN_FEATURES]: 'layering' },
      wishes({ features: DEFAULT, isShared: true }),
      'switch exclusive-lock, object-map, fast-diff of one off',
    ],
  ])('%s', (_, features, metadata, wished, expected) => {
    expect(planned(features, metadata, wished)).toBe(expected);
  });

  it('refuses features that an image has from its creation', () => {
    const wished = wishes({ features: ['layering', 'deep-flatten'], qos: new Map([[IOPS, '5']]) });
    expect(() => planned(['layering'], {}, wished)).toThrow('the image one was made without deep-flatten');
  });

  it('takes back what it changes', () => {
    const before = { features: DEFAULT, metadata: new Map([['a', '1']]) };
    const inverses = [
      inverseOf({ kind: 'set-metadata', key: 'a', value: '2' }, before),
      inverseOf({ kind: 'set-metadata', key: 'b', value: '2' }, before),
      inverseOf({ kind: 'remove-metadata', key: 'a' }, before),
      inverseOf({ kind: 'switch-features', features: ['journaling'], enabled: true }, before),
    ];
    expect(inverses).toEqual([
      { kind: 'set-metadata', key: 'a', value: '1' },
      { kind: 'remove-metadata', key: 'b' },
      { kind: 'set-metadata', key: 'a', value: '1' },
      { kind: 'switch-features', features: ['journaling'], enabled: false },
    ]);
  });
});
