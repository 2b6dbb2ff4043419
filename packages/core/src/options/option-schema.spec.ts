import { Type } from 'typebox';
import { BACKEND_OPTIONS, defineOptions, describeOptions, secret, secretValues } from './option-schema.js';

const SCHEMA = defineOptions({
  url: Type.String({ description: 'Where it is.' }),
  password: secret(Type.String()),
  token: secret(Type.Optional(Type.String())),
  format: Type.Union([Type.Literal('raw'), Type.Literal('qcow2')], { default: 'raw' }),
  preallocation: Type.Optional(Type.Enum(['off', 'full'])),
  retries: Type.Integer({ default: 3 }),
});

describe('describeOptions', () => {
  it('gives a row for each option', () => {
    const row = (name: string, type: string, fields: object): object => ({
      name,
      type,
      required: false,
      default: undefined,
      secret: false,
      description: '',
      ...fields,
    });
    expect(describeOptions(SCHEMA)).toEqual([
      row('url', 'string', { required: true, description: 'Where it is.' }),
      row('password', 'string', { required: true, secret: true }),
      row('token', 'string', { secret: true }),
      row('format', 'raw | qcow2', { default: 'raw' }),
      row('preallocation', 'off | full', {}),
      row('retries', 'integer', { default: 3 }),
    ]);
  });

  it('describes the options of every backend, and a schema without required ones', () => {
    const rows = describeOptions(defineOptions(BACKEND_OPTIONS));
    expect(rows.map(({ name, required }) => [name, required])).toEqual([
      ['volume_backend_name', false],
      ['reserved_percentage', false],
      ['max_over_subscription_ratio', false],
    ]);
    expect(rows.every(({ description }) => description.endsWith('.'))).toBe(true);
    expect(describeOptions(defineOptions({ a: Type.Optional(Type.String()) }))).toHaveLength(1);
  });
});

describe('secretValues', () => {
  it.each<[Record<string, unknown>, string[]]>([
    [{ url: 'http://a', password: 'p', token: 't' }, ['p', 't']],
    [{ password: 'p' }, ['p']],
    [{ password: '' }, []],
    [{ url: 'http://a' }, []],
  ])('of %j are %j', (options, expected) => {
    expect(secretValues(SCHEMA, options)).toEqual(expected);
  });
});
