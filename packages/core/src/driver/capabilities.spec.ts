import { CloningDriver, FullDriver, MinimalDriver } from '../fixtures/drivers.js';
import type { Capability } from './capabilities.js';
import { CAPABILITIES, capabilityMismatches } from './capabilities.js';

class Inheriting extends CloningDriver {}

const ALL = Object.keys(CAPABILITIES) as Capability[];

describe('capabilityMismatches', () => {
  it.each<[string, Capability[], typeof MinimalDriver, string[]]>([
    ['nothing declared, nothing there', [], MinimalDriver, []],
    ['everything declared, everything there', ALL, FullDriver, []],
    ['declared and there', ['clone'], CloningDriver, []],
    ['declared and inherited', ['clone'], Inheriting, []],
    ['a statement about other methods', ['onlineSnapshot', 'trim'], MinimalDriver, []],
    [
      'declared and not there',
      ['clone'],
      MinimalDriver,
      ["declares 'clone' but has no method createClonedVolume"],
    ],
    [
      'there and not declared',
      [],
      CloningDriver,
      ["has the method createClonedVolume but does not declare 'clone'"],
    ],
    [
      'inherited and not declared',
      [],
      Inheriting,
      ["has the method createClonedVolume but does not declare 'clone'"],
    ],
    [
      'a capability of several methods that are not there',
      ['adopt'],
      MinimalDriver,
      ["declares 'adopt' but has no method findAdoptable", "declares 'adopt' but has no method adopt"],
    ],
    [
      'a name that is none',
      ['clones' as Capability],
      MinimalDriver,
      [`declares 'clones', which is none of ${ALL.join(', ')}`],
    ],
  ])('%s', (_, declared, driver, expected) => {
    expect(capabilityMismatches(declared, driver.prototype)).toEqual(expected);
  });
});
