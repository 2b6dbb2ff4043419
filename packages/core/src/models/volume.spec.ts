import { aSnapshot, aVolume } from '../fixtures/objects.js';
import { applyUpdate } from './volume.js';

describe('applyUpdate', () => {
  const volume = aVolume({ providerMetadata: { format: 'raw', share: 'a' } });

  it.each([
    ['nothing', {}, volume],
    ['a place', { providerLocation: 'pool' }, { ...volume, providerLocation: 'pool' }],
    ['an id and a size', { providerId: '7', sizeBytes: 512 }, { ...volume, providerId: '7', sizeBytes: 512 }],
    [
      'metadata, merged',
      { providerMetadata: { format: 'qcow2', depth: '1' } },
      { ...volume, providerMetadata: { format: 'qcow2', share: 'a', depth: '1' } },
    ],
    [
      'metadata, removed',
      { providerMetadata: { share: undefined } },
      { ...volume, providerMetadata: { format: 'raw' } },
    ],
  ])('stores %s', (_, update, expected) => {
    expect(applyUpdate(volume, update)).toStrictEqual(expected);
  });

  it('works on snapshots, and changes neither what it is given', () => {
    const snapshot = Object.freeze(aSnapshot());
    const update = Object.freeze({ providerId: '7' });
    expect(applyUpdate(snapshot, update)).toEqual({ ...snapshot, providerId: '7' });
  });
});
