import type { ErrorObject } from 'ajv';
import { closest } from 'fastest-levenshtein';
import type { OptionProblem } from '../errors.js';
import type { OptionSchema } from './option-schema.js';

/** What ajv found, as one problem for each option: in words, with the value unless the option is secret. */
export function optionProblems(
  errors: readonly ErrorObject[],
  schema: OptionSchema,
  values: Readonly<Record<string, unknown>>,
): OptionProblem[] {
  const byOption = new Map<string, ErrorObject[]>();
  for (const error of errors) {
    const option = optionOf(error);
    byOption.set(option, [...(byOption.get(option) ?? []), error]);
  }
  return [...byOption].map(([option, found]) => ({
    option,
    reason: reasonOf(option, found, schema, values),
  }));
}

/** The option's name is in the error's parameters where the option is missing or unknown, else in its path. */
function optionOf({ instancePath, params }: ErrorObject): string {
  if (instancePath !== '') return segments(instancePath)[0] ?? '';
  const { additionalProperty, missingProperty } = params as Record<string, string | undefined>;
  return additionalProperty ?? missingProperty ?? '';
}

function segments(instancePath: string): string[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function reasonOf(
  option: string,
  errors: readonly ErrorObject[],
  schema: OptionSchema,
  values: Readonly<Record<string, unknown>>,
): string {
  const [first] = errors;
  if (first?.keyword === 'additionalProperties' && first.instancePath === '') {
    return unknownOption(option, Object.keys(schema.properties));
  }
  if (first?.keyword === 'required' && first.instancePath === '') return 'is required and not set';
  const reason = alternatives(errors);
  const isSecret = (schema.properties[option] as { secret?: boolean } | undefined)?.secret === true;
  return isSecret ? reason : `${reason}, but is ${shown(values[option])}`;
}

/** A table can stand in itself, by an alias of YAML. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'a table or list that stands in itself';
  }
}

function unknownOption(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'there is no such option; this driver has none';
  return `there is no such option; the nearest name is ${closest(name, [...known])}`;
}

/** ajv reports a wrong alternative once for each choice and once more for the lot; a person wants one sentence. */
function alternatives(errors: readonly ErrorObject[]): string {
  const single = errors.filter(({ keyword }) => keyword !== 'anyOf');
  const isChoice = single.length < errors.length;
  const choices = single.flatMap(choicesOf);
  const literals = new Set(single.filter((error) => choicesOf(error).length > 0).map(branch));
  // A literal of another type fails twice: its type says nothing that the literal does not.
  const others = single.filter((error) => !literals.has(branch(error))).map(sentence);
  const sentences = [...(choices.length > 0 ? [`must be ${choices.join(' or ')}`] : []), ...others];
  return [...new Set(isChoice ? sentences : sentences.slice(0, 1))].join(' or ');
}

function branch({ schemaPath }: ErrorObject): string {
  return schemaPath.slice(0, schemaPath.lastIndexOf('/'));
}

function choicesOf({ params }: ErrorObject): string[] {
  const { allowedValue, allowedValues } = params as { allowedValue?: unknown; allowedValues?: unknown[] };
  if (allowedValues !== undefined) return allowedValues.map((value) => JSON.stringify(value));
  return allowedValue === undefined ? [] : [JSON.stringify(allowedValue)];
}

function sentence({ instancePath, message }: ErrorObject): string {
  const inside = segments(instancePath).slice(1).join('.');
  return inside === '' ? (message ?? 'is wrong') : `${inside} ${message ?? 'is wrong'}`;
}
