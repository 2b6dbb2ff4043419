import fc from 'fast-check';
import { Type } from 'typebox';
import { OptionsError, PluginError } from '../errors.js';
import { defineOptions, secret } from './option-schema.js';
import { validateOptions } from './validate-options.js';

const SCHEMA = defineOptions({
  url: Type.String({ pattern: '^https?://' }),
  password: secret(Type.String({ minLength: 8 })),
  format: Type.Union([Type.Literal('raw'), Type.Literal('qcow2')], { default: 'raw' }),
  preallocation: Type.Enum(['off', 'full'], { default: 'off' }),
  limit: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('auto')], { default: 'auto' }),
  pools: Type.Array(Type.String(), { default: ['first'] }),
  retries: Type.Integer({ default: 3, minimum: 0, maximum: 10 }),
  ratio: Type.Number({ default: 20 }),
  thin: Type.Boolean({ default: true }),
  domain: Type.Optional(Type.String()),
});
const NEEDED = { url: 'http://array', password: 'long enough' };

function problems(values: Record<string, unknown>, fromText = false): Record<string, string> {
  try {
    validateOptions(SCHEMA, { ...NEEDED, ...values }, { subject: 'backend a', fromText });
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    expect(new Set(error.problems.map(({ option }) => option)).size).toBe(error.problems.length);
    return Object.fromEntries(error.problems.map(({ option, reason }) => [option, reason]));
  }
  return {};
}

describe('validateOptions', () => {
  it('fills in the defaults and leaves its input alone', () => {
    const input = Object.freeze({ ...NEEDED });
    expect(validateOptions(SCHEMA, input, { subject: 'backend a' })).toEqual({
      ...NEEDED,
      format: 'raw',
      preallocation: 'off',
      limit: 'auto',
      pools: ['first'],
      retries: 3,
      ratio: 20,
      thin: true,
    });
    expect(input).toEqual(NEEDED);
  });

  it('gives every caller defaults of its own', () => {
    const first = validateOptions(SCHEMA, NEEDED, { subject: 'backend a' });
    first.pools.push('changed');
    expect(validateOptions(SCHEMA, NEEDED, { subject: 'backend b' }).pools).toEqual(['first']);
  });

  it.each<[string, Record<string, unknown>, Record<string, string>]>([
    ['a missing option', { url: undefined }, { url: 'is required and not set' }],
    ['an unknown one', { retrys: 1 }, { retrys: 'there is no such option; the nearest name is retries' }],
    ['a wrong type', { retries: 'x' }, { retries: 'must be integer, but is "x"' }],
    ['text where a number belongs', { retries: '5' }, { retries: 'must be integer, but is "5"' }],
    ['too much', { retries: 11 }, { retries: 'must be <= 10, but is 11' }],
    ['a wrong literal', { format: 'vmdk' }, { format: 'must be "raw" or "qcow2", but is "vmdk"' }],
    ['a literal of another type', { format: 5 }, { format: 'must be "raw" or "qcow2", but is 5' }],
    [
      'a wrong enum value',
      { preallocation: 'on' },
      { preallocation: 'must be "off" or "full", but is "on"' },
    ],
    ['mixed alternatives', { limit: 'no' }, { limit: 'must be "auto" or must be integer, but is "no"' }],
    ['a wrong alternative', { limit: 0 }, { limit: 'must be "auto" or must be >= 1, but is 0' }],
    ['a wrong item', { pools: ['a', 5] }, { pools: '1 must be string, but is ["a",5]' }],
    ['null', { domain: null }, { domain: 'must be string, but is null' }],
  ])('names %s', (_, values, expected) => {
    expect(problems(values)).toEqual(expected);
  });

  it('names every problem at once, in one message', () => {
    expect(() =>
      validateOptions(SCHEMA, { url: 'ftp://x', fromat: 'raw' }, { subject: 'backend a' }),
    ).toThrow(
      'backend a has 3 wrong option(s): password: is required and not set; ' +
        'fromat: there is no such option; the nearest name is format; ' +
        'url: must match pattern "^https?://", but is "ftp://x"',
    );
  });

  it('knows no nearest name where there are no options', () => {
    expect(() => validateOptions(defineOptions({}), { a: 1 }, { subject: 'backend a' })).toThrow(
      'a: there is no such option; this driver has none',
    );
  });

  it.each([['hunter2'], [12345], [['hunter2']], [{ value: 'hunter2' }]])(
    'never shows the value of a secret option (%j)',
    (password) => {
      const [reason] = Object.values(problems({ password }));
      expect(reason).toMatch(/^must (be string|NOT have fewer than 8 characters)$/);
    },
  );

  it('never shows the value of a misspelt secret option', () => {
    expect(JSON.stringify(problems({ pasword: 'hunter2' }))).not.toContain('hunter2');
  });

  it('keeps a secret option optional where it was', () => {
    const schema = defineOptions({ token: secret(Type.Optional(Type.String())) });
    expect(validateOptions(schema, {}, { subject: 'backend a' })).toEqual({});
  });

  it('says of a schema that cannot be used that the plugin is at fault', () => {
    const schema = defineOptions({ url: Type.String({ format: 'no-such-format' }) });
    const attempt = (): unknown => validateOptions(schema, {}, { subject: 'backend a' });
    expect(attempt).toThrow(PluginError);
    expect(attempt).toThrow(/^the option schema for backend a cannot be used: unknown format/);
  });
});

describe('validateOptions of text', () => {
  it.each<[string, string, unknown]>([
    ['retries', '5', 5],
    ['ratio', '1.5', 1.5],
    ['thin', 'False', false],
    ['thin', 'on', true],
    ['thin', 'YES', true],
    ['thin', '0', false],
    ['pools', 'a, b ,c', ['a', 'b', 'c']],
    ['pools', '', []],
    ['limit', '7', 7],
    ['limit', 'auto', 'auto'],
    ['format', 'qcow2', 'qcow2'],
    ['domain', '5', '5'],
    ['domain', 'true', 'true'],
  ])('reads %s = %s', (option, text, expected) => {
    const options = validateOptions(
      SCHEMA,
      { ...NEEDED, [option]: text },
      { subject: 'a', fromText: true },
    ) as Record<string, unknown>;
    expect(options[option]).toEqual(expected);
  });

  it.each<[string, string, string]>([
    ['retries', 'many', 'must be integer, but is "many"'],
    ['retries', '1.5', 'must be integer, but is "1.5"'],
    ['retries', '11', 'must be <= 10, but is "11"'],
    ['thin', 'perhaps', 'must be boolean, but is "perhaps"'],
  ])('refuses %s = %s', (option, text, reason) => {
    expect(problems({ [option]: text }, true)).toEqual({ [option]: reason });
  });
});

describe('validateOptions, whatever it is given', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('raw', 'auto', '5', true, 3));
  const known = fc.constantFrom(...Object.keys(SCHEMA.properties));
  const options = fc.dictionary(fc.oneof(known, known, fc.string()), value, { noNullPrototype: true });

  it('accepts what it returned, or names each wrong option once without the secret', () => {
    fc.assert(
      fc.property(options, fc.boolean(), (given, fromText) => {
        try {
          const accepted = validateOptions(SCHEMA, { ...NEEDED, ...given }, { subject: 'a', fromText });
          expect(validateOptions(SCHEMA, accepted, { subject: 'a' })).toEqual(accepted);
        } catch (error) {
          if (!(error instanceof OptionsError)) throw error;
          const named = error.problems.map(({ option }) => option);
          expect(new Set(named).size).toBe(named.length);
          expect(error.problems.every(({ reason }) => reason !== '')).toBe(true);
          const problem = error.problems.find(({ option }) => option === 'password');
          expect(problem?.reason ?? '').not.toContain('but is');
        }
      }),
    );
  });
});
