import { printable, printableJson } from './escape.js';

describe('text for a terminal', () => {
  it.each([
    ['plain text stays', 'data-1 (2 GiB)', 'data-1 (2 GiB)'],
    ['letters of all languages stay', 'žluťoučký 卷 💾', 'žluťoučký 卷 💾'],
    ['escape sequences', 'a\u001b[31mred', 'a\\u001b[31mred'],
    ['the one-byte escape sequence', '\u009b31mred', '\\u009b31mred'],
    ['the title of the window', '\u001b]0;x\u0007', '\\u001b]0;x\\u0007'],
    ['new lines, which would forge rows', 'a\r\nb\u2028c', 'a\\u000d\\u000ab\\u2028c'],
    ['the direction of text', '\u202egpj.exe', '\\u202egpj.exe'],
    ['delete and backspace', 'ab\u0008\u007f', 'ab\\u0008\\u007f'],
  ])('%s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is the same data as JSON', () => {
    const value = { name: 'a\u009b31m\u202e\u001b\n', list: [1, null] };
    const text = printableJson(value, 2);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/); // eslint-disable-line no-control-regex -- they are looked for
  });
});
