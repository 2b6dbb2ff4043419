import { nearestName } from './nearest-name.js';

const NAMES = ['state_path', 'listen', 'log_level', 'a'];

it.each<[string, string | undefined]>([
  ['state_pth', 'state_path'],
  ['STATE_PATH', 'state_path'],
  ['lissten', 'listen'],
  ['loglevel', 'log_level'],
  ['b', 'a'],
  ['litsen', 'listen'],
  ['volume_driver', undefined],
  ['stated_paths_x', undefined],
  ['lite', undefined],
  ['xyz', undefined],
])('%s was perhaps meant to be %p', (written, expected) => {
  expect(nearestName(written, NAMES)).toBe(expected);
});

it('is none where there are no names', () => {
  expect(nearestName('x', [])).toBeUndefined();
});
