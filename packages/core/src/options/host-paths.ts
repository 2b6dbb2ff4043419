import path from 'node:path';
import type { OptionSchema } from './option-schema.js';

/** Validated options with the paths among them absolute; one that is set to nothing stays so. */
export function absolutePaths(
  schema: OptionSchema,
  options: Readonly<Record<string, unknown>>,
  baseDirectory: string,
): Record<string, unknown> {
  const isPath = (name: string): boolean =>
    (schema.properties[name] as { hostPath?: boolean } | undefined)?.hostPath === true;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      isPath(name) && typeof value === 'string' && value !== '' ? path.resolve(baseDirectory, value) : value,
    ]),
  );
}
