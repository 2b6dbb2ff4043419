export type Parse = (value: unknown) => unknown;

/** What a general setting is called, what it must look like, and what it means. */
export interface SettingDefinition {
  readonly name: string;
  readonly expected: string;
  readonly description: string;
  /** The value, or `undefined` where it is not as expected. */
  readonly parse: Parse;
  /** Its value is shown nowhere. */
  readonly secret?: boolean;
}

export const text: Parse = (value) =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

export function whole(least: number): Parse {
  return (value) => {
    const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
    return Number.isSafeInteger(number) && (number as number) >= least ? number : undefined;
  };
}

export function oneOf(...choices: readonly string[]): Parse {
  return (value) => (typeof value === 'string' && choices.includes(value) ? value : undefined);
}
