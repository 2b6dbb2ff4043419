import { LineAssembler } from './qmp-lines.js';

test.each<[pieces: readonly string[], lines: readonly string[]]>([
  [['a\n'], ['a']],
  [
    ['a', 'b\nc', '\n'],
    ['ab', 'c'],
  ],
  [
    ['a\n\nb\n', 'c'],
    ['a', '', 'b'],
  ],
  [['', '\n'], ['']],
])('%j is put together', (pieces, lines) => {
  const assembler = new LineAssembler();
  expect(pieces.flatMap((piece) => assembler.take(piece))).toEqual(lines);
});

test('a line that is longer than any may be is not waited for', () => {
  const assembler = new LineAssembler(8);
  expect(assembler.take('12345678\n1234')).toEqual(['12345678']);
  expect(assembler.take('56789')).toBeUndefined();
});
