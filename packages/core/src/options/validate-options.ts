import type { Options, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import { messageOf, OptionsError, PluginError } from '../errors.js';
import type { OptionSchema, OptionsOf } from './option-schema.js';
import { optionProblems } from './option-problems.js';
import { readText } from './text-values.js';

export interface ValidateOptions {
  /** Whose options: 'backend local', for messages. */
  readonly subject: string;
  /** Values are text, as an INI file has them: '5' is a number where one is asked for, 'on' a boolean. */
  readonly fromText?: boolean;
}

const SETTINGS: Options = {
  allErrors: true,
  useDefaults: true,
  strict: true,
  keywords: ['secret', 'hostPath'],
};
const typedValues = compiler(SETTINGS);
const textValues = compiler({ ...SETTINGS, coerceTypes: true });

/**
 * The options with their defaults, checked against the schema. The input is not changed.
 * @throws OptionsError naming every wrong option, and for an unknown one the nearest that exists. The value of a
 * secret option is never part of the message.
 * @throws PluginError `plugin-invalid` if the schema itself is no JSON Schema that can be used
 */
export function validateOptions<Schema extends OptionSchema>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  { subject, fromText = false }: ValidateOptions,
): OptionsOf<Schema> {
  const validate = (fromText ? textValues : typedValues)(schema, subject);
  const options = structuredClone<unknown>(fromText ? readText(schema, values) : values);
  if (validate(options)) return options as OptionsOf<Schema>;
  throw new OptionsError(subject, optionProblems(validate.errors ?? [], schema, values));
}

/** Compiles each schema once: a backend that is down is tried, and its options checked, again and again. */
function compiler(settings: Options): (schema: OptionSchema, subject: string) => ValidateFunction {
  const ajv = new Ajv(settings);
  const compiled = new WeakMap<OptionSchema, ValidateFunction>();
  return (schema, subject) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    try {
      const validate: ValidateFunction = ajv.compile(asJsonSchema(schema));
      compiled.set(schema, validate);
      return validate;
    } catch (cause) {
      throw new PluginError({
        code: 'plugin-invalid',
        message: `the option schema for ${subject} cannot be used: ${messageOf(cause)}`,
        cause,
      });
    }
  };
}

/** A plain copy: TypeBox's own marks are no JSON Schema keywords. */
function asJsonSchema(schema: OptionSchema): object {
  return JSON.parse(JSON.stringify(schema)) as object;
}
