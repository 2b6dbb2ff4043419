import type { Static, TObject, TProperties, TSchema } from 'typebox';
import { Type } from 'typebox';

/** A driver's options: one TypeBox object, which gives the TypeScript type, validation, defaults and the docs. */
export type OptionSchema<Properties extends TProperties = TProperties> = TObject<Properties>;

/** The type of the options of a schema. */
export type OptionsOf<Schema extends TSchema> = Static<Schema>;

/**
 * The schema of a driver's options; use `Type.String({ default, description })` and so on for each. Option names
 * are Cinder's where Cinder has the option.
 */
export function defineOptions<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: false });
}

/** Marks an option as secret: masked in logs, errors and whatever shows the configuration. */
export function secret<Schema extends TSchema>(schema: Schema): Schema {
  return marked(schema, { secret: true });
}

/**
 * Marks a text as a path of this host: a relative one is relative to the configuration's file, and not to wherever a
 * command was started. The driver gets it absolute.
 */
export function hostPath<Schema extends TSchema>(schema: Schema): Schema {
  return marked(schema, { hostPath: true });
}

function marked<Schema extends TSchema>(schema: Schema, mark: object): Schema {
  // With its property descriptors, because TypeBox keeps what makes an option optional in hidden ones.
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)) as Schema;
  return Object.assign(copy, mark);
}

/** The options every backend has. */
export const BACKEND_OPTIONS = {
  volume_backend_name: Type.Optional(
    Type.String({
      description: 'The name that volume types choose the backend by; the section name unless set.',
    }),
  ),
  reserved_percentage: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 100,
    description: 'Percent of the capacity that is never given out.',
  }),
  max_over_subscription_ratio: Type.Number({
    default: 20,
    minimum: 1,
    description: 'How much more than the capacity thin volumes may promise.',
  }),
} satisfies TProperties;

/** One row of an option table. */
export interface OptionRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: unknown;
  readonly secret: boolean;
  readonly description: string;
}

interface DescribedSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly { readonly const?: unknown }[];
  readonly default?: unknown;
  readonly secret?: boolean;
  readonly description?: string;
}

function typeName(schema: DescribedSchema): string {
  const choices = schema.enum ?? schema.anyOf?.map((choice) => choice.const);
  return choices === undefined ? (schema.type ?? 'any') : [...new Set(choices.map(String))].join(' | ');
}

/** The option table of a schema: for documentation and `driver show`. */
export function describeOptions(schema: OptionSchema): OptionRow[] {
  const required = new Set((schema as { required?: readonly string[] }).required);
  return Object.entries(schema.properties).map(([name, property]) => {
    const described = property as DescribedSchema;
    return {
      name,
      type: typeName(described),
      required: required.has(name) && described.default === undefined,
      default: described.default,
      secret: described.secret === true,
      description: described.description ?? '',
    };
  });
}

/** The values of the secret options, for whoever masks them. */
export function secretValues(schema: OptionSchema, options: Readonly<Record<string, unknown>>): string[] {
  return describeOptions(schema)
    .filter((row) => row.secret)
    .map((row) => options[row.name])
    .filter((value): value is string => typeof value === 'string' && value !== '');
}
