import { wantsMultiattach } from './volume-type.js';

describe('wantsMultiattach', () => {
  it.each([
    [undefined, false],
    [{ extraSpecs: {} }, false],
    [{ extraSpecs: { multiattach: '<is> True' } }, true],
    [{ extraSpecs: { multiattach: '<is> False' } }, false],
    [{ extraSpecs: { multiattach: 'True' } }, false],
    [{ extraSpecs: { 'capabilities:multiattach': '<is> True' } }, false],
  ])('%j: %s', (type, expected) => {
    expect(wantsMultiattach(type)).toBe(expected);
  });
});
