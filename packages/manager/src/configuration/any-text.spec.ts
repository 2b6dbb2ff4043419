import fc from 'fast-check';
import { interpret } from './interpret.js';
import { describeProblem } from './problems.js';
import { readCinderConf } from './read-cinder-conf.js';
import { readYaml } from './read-yaml.js';
import { DRIVERS } from './spec-support/configuration-files.js';
import { GENERAL_SETTINGS } from './settings.js';

const RUNS = { seed: 20_260_101, numRuns: 500 };
const NAMES = [...GENERAL_SETTINGS.map(({ name }) => name), 'volume_driver', 'backends', '__proto__', '<<'];
const VALUES = [
  'one',
  '-1',
  '127.0.0.1:80',
  '[one, two]',
  '{a: 1}',
  '*a',
  '&a',
  '$state_path',
  '${a}',
  '!!set',
];
const SYNTAX = [
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  ': ',
  ' = ',
  '\n',
  '\n  ',
  '\r',
  '\t',
  '# ',
  '- ',
  '? ',
  '|',
  '>',
  '%',
];
const SECTIONS = ['[DEFAULT]\n', '[one]\n', '[scoria]\n', '[database]\n', 'backends:\n  one:\n    ', '---\n'];

/** Pieces of configurations in any order, and anything else between them. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NAMES, ...SYNTAX),
      fc.constantFrom(...VALUES, ...SECTIONS),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

describe.each([
  ['cinder.conf', readCinderConf],
  ['scoria.yaml', readYaml],
])('any text as a %s', (name, read) => {
  it('is read, and what is wrong with it listed with its place', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { problems } = interpret(read(name, text), DRIVERS);
        for (const problem of problems) {
          expect(problem).toMatchObject({ file: name, line: expect.any(Number) as number });
          expect(describeProblem(problem)).toMatch(/:[1-9]\d*(:[1-9]\d*)?: ./);
        }
      }),
      RUNS,
    );
  });

  it('without a backend that could run has an error, so that nobody starts it', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { configuration, problems } = interpret(read(name, text), DRIVERS);
        const runs = configuration.backends.some(({ problem }) => problem === undefined);
        expect(runs || problems.some(({ level }) => level === 'error')).toBe(true);
      }),
      RUNS,
    );
  });
});

it('a secret, however it is broken, is in no message', () => {
  const secret = fc
    .array(fc.constantFrom(...'hunter2"\'\\!*&%@`|>{}[],: #$-?'.split(''), 'hunter2'), { maxLength: 12 })
    .map((pieces) => `${pieces.join('')}hunter2`);
  fc.assert(
    fc.property(secret, (value) => {
      const yaml = `enabled_backends: [one]\nbackends:\n  one:\n    volume_driver: ./d.js\n    password: ${value}\n`;
      const conf = `[DEFAULT]\nenabled_backends = one\n[one]\nvolume_driver = ./d.js\npassword = ${value}\n`;
      for (const raw of [readYaml('s.yaml', yaml), readCinderConf('c.conf', conf)])
        expect(JSON.stringify(interpret(raw, DRIVERS).problems)).not.toContain('hunter2');
    }),
    RUNS,
  );
});
