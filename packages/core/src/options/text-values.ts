import type { OptionSchema } from './option-schema.js';

/** The words an INI file of OpenStack has for a boolean (oslo.config), in any case. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes'].map((word): [string, boolean] => [word, true]),
  ...['false', '0', 'off', 'no'].map((word): [string, boolean] => [word, false]),
]);

/**
 * What text means where the schema asks for a boolean or a list, in the way of OpenStack's INI files: `True`,
 * `on`; `a, b`. Text that fits neither is left as it is, for the validation to name. Numbers are the validator's.
 */
export function readText(
  schema: OptionSchema,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const { type } = (schema.properties[name] ?? {}) as { type?: unknown };
      return [name, typeof value === 'string' ? readOne(type, value) : value];
    }),
  );
}

function readOne(type: unknown, text: string): unknown {
  if (type === 'boolean') return BOOLEANS.get(text.toLowerCase()) ?? text;
  if (type !== 'array') return text;
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
