import { parseRbdLocation } from './image-location.js';

describe('parseRbdLocation', () => {
  it.each([
    ['rbd://f/p/i/s', { fsid: 'f', pool: 'p', image: 'i', snapshot: 's' }],
    ['rbd://f/p%2Fq/%C3%B6/s%20s', { fsid: 'f', pool: 'p/q', image: 'ö', snapshot: 's s' }],
    ['rbd://f/p/i', undefined],
    ['rbd://f/p/i/s/t', undefined],
    ['rbd://f/p/i/', undefined],
    ['rbd://f//i/s', undefined],
    ['rbd:///p/i/s', undefined],
    ['rbd://f/p/i/%zz', undefined],
    ['rbd://f/p/i/%ff', undefined],
    ['rbd://f/p/i/%00', undefined],
    ['RBD://f/p/i/s', undefined],
    ['rbd:f/p/i/s', undefined],
    ['file://f/p/i/s', undefined],
    ['', undefined],
  ])('%s', (location, expected) => {
    expect(parseRbdLocation(location)).toEqual(expected);
  });
});
