import type { ShareSpec } from './shares-file-line.js';

/** What one kind of file system does not take, though it is well formed; a driver of that kind says so. */
export interface ShareLimits {
  /** The names of mount options that its mount program must not be given. */
  readonly refusedOptions?: readonly string[];
  /** Why it can have no share of that name, or `undefined` if it can; reads after 'the line'. */
  readonly shareProblem?: (share: string) => string | undefined;
}

/** Why a line cannot be taken, without any option's value, or `undefined` if it can. */
export function limitProblem({ share, options }: ShareSpec, limits: ShareLimits): string | undefined {
  return limits.shareProblem?.(share) ?? refusedOption(options, limits);
}

/** Why mount options cannot be taken; reads after 'the line' or 'the configuration'. */
export function refusedOption(options: readonly string[], limits: ShareLimits): string | undefined {
  const names = options.map((option) => option.replace(/=.*$/, '').toLowerCase());
  const refused = names.find((name) => limits.refusedOptions?.includes(name));
  return refused === undefined ? undefined : `has the mount option '${refused}', which is not allowed here`;
}
