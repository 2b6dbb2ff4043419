import type { ErrorObject, Options } from 'ajv';
import { Ajv } from 'ajv';
import { closest } from 'fastest-levenshtein';
import { OptionsError } from '../errors.js';
import type { OptionProblem } from '../errors.js';
import type { OptionSchema, OptionsOf } from './option-schema.js';

export interface ValidateOptions {
  /** Whose options: 'backend local', for messages. */
  readonly subject: string;
  /** Values are text, as an INI file has them: '5' is a number where one is asked for. */
  readonly fromText?: boolean;
}

const SETTINGS: Options = { allErrors: true, useDefaults: true, strict: true, keywords: ['secret'] };
const typedValues = new Ajv(SETTINGS);
const textValues = new Ajv({ ...SETTINGS, coerceTypes: true });

function unknownOption(name: string, known: readonly string[]): string {
  const nearest = closest(name, [...known]);
  return `there is no such option; the nearest name is ${nearest}`;
}

function toProblem(
  error: ErrorObject,
  known: readonly string[],
  secrets: ReadonlySet<string>,
): OptionProblem {
  const params = error.params as Record<string, unknown>;
  if (error.keyword === 'additionalProperties') {
    const option = String(params['additionalProperty']);
    return { option, reason: unknownOption(option, known) };
  }
  if (error.keyword === 'required') {
    return { option: String(params['missingProperty']), reason: 'is required and not set' };
  }
  const option = error.instancePath.split('/')[1] ?? '';
  const reason =
    error.keyword === 'const' || error.keyword === 'enum' ? choice(error) : (error.message ?? '');
  return { option, reason: secrets.has(option) ? reason : `${reason}, but is ${JSON.stringify(error.data)}` };
}

function choice(error: ErrorObject): string {
  const { allowedValue, allowedValues } = error.params as {
    allowedValue?: unknown;
    allowedValues?: unknown[];
  };
  return `must be ${(allowedValues ?? [allowedValue]).map((value) => JSON.stringify(value)).join(' or ')}`;
}

/** ajv says a wrong alternative once for each choice and once more for the lot; one problem is enough. */
function merge(problems: readonly OptionProblem[]): OptionProblem[] {
  const byOption = new Map<string, OptionProblem>();
  for (const problem of problems) {
    const key = problem.option;
    if (!byOption.has(key)) byOption.set(key, problem);
  }
  return [...byOption.values()];
}

/**
 * The options with their defaults, checked against the schema. The input is not changed.
 * @throws OptionsError naming every wrong option, and for an unknown one the nearest that exists. The value of a
 * secret option is never part of the message.
 */
export function validateOptions<Schema extends OptionSchema>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  { subject, fromText = false }: ValidateOptions,
): OptionsOf<Schema> {
  const options = structuredClone(values) as Record<string, unknown>;
  const validate = (fromText ? textValues : typedValues).compile(asJsonSchema(schema));
  if (validate(options)) return options as OptionsOf<Schema>;
  const known = Object.keys(schema.properties);
  const secrets = new Set(known.filter((name) => (schema.properties[name] as { secret?: boolean }).secret));
  const problems = (validate.errors ?? []).map((error) =>
    toProblem({ ...error, data: options[error.instancePath.split('/')[1] ?? ''] }, known, secrets),
  );
  throw new OptionsError(subject, merge(problems));
}

/** A plain copy: TypeBox's own marks are no JSON Schema keywords. */
function asJsonSchema(schema: OptionSchema): object {
  return JSON.parse(JSON.stringify(schema)) as object;
}
