import { dirname, isAbsolute, normalize } from 'node:path';

/** What one argument may be. */
export type ArgumentPattern =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one-of'; readonly texts: readonly string[] }
  /** The whole argument has to match. */
  | { readonly kind: 'text'; readonly pattern: RegExp }
  /** A comma list of options, each `name` or `name=value`, of these names only, or one of `whole` as it stands. */
  | { readonly kind: 'options'; readonly names: readonly string[]; readonly whole?: readonly string[] }
  /**
   * A directory right in `base`; it must be there and neither it nor `base` be a symbolic link, or be
   * mounted already where `mounted` says so.
   */
  | { readonly kind: 'directory-in'; readonly base: string; readonly mounted?: boolean };

/** One shape of command line that may run with privileges. */
export interface AllowRule {
  /** What it is for, as the documentation says it. */
  readonly purpose: string;
  /** A plain name, looked up as a request's is, or an absolute path. */
  readonly program: string;
  /** One pattern for each argument: as many, and in this order. */
  readonly args: readonly ArgumentPattern[];
}

const OPTION = /^([a-z][a-z0-9_-]*)(?:=([A-Za-z0-9_.:/@+-]+))?$/;

/** Whether the arguments have a rule's shape; directories are not looked at. */
export function matchesRule(rule: AllowRule, args: readonly string[]): boolean {
  return (
    rule.args.length === args.length && rule.args.every((pattern, index) => matches(pattern, args[index]))
  );
}

function matches(pattern: ArgumentPattern, arg: string | undefined): boolean {
  if (arg === undefined || arg.includes('\0')) return false;
  switch (pattern.kind) {
    case 'literal':
      return arg === pattern.text;
    case 'one-of':
      return pattern.texts.includes(arg);
    case 'text':
      return matchesWhole(pattern.pattern, arg);
    case 'options':
      return arg.split(',').every((option) => isOption(option, pattern));
    case 'directory-in':
      return isAbsolute(arg) && normalize(arg) === arg && !arg.endsWith('/') && dirname(arg) === pattern.base;
  }
}

function isOption(
  option: string,
  { names, whole = [] }: Extract<ArgumentPattern, { kind: 'options' }>,
): boolean {
  return whole.includes(option) || names.includes(OPTION.exec(option)?.[1] ?? '');
}

/** Stateless, whatever flags the pattern has. */
function matchesWhole({ source, flags }: RegExp, arg: string): boolean {
  return new RegExp(`^(?:${source})$`, flags.replace(/[gmy]/g, '')).test(arg);
}
