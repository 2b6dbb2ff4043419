import { isIPv6 } from 'node:net';

/** One share of a shares file. */
export interface ShareSpec {
  /** 'host:/volume', as it is given to mount(8). */
  readonly share: string;
  /** Its own mount options, one each, in the order of the line. */
  readonly options: readonly string[];
}

/** Control characters, line separators, and what text that is not UTF-8 turns into. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const OPTION = /^[A-Za-z0-9_.=:/@%+-]+$/;
const MAX_LINE = 4096;

/**
 * Options that a line must not have. Mounting is done with privileges, so a line must not loosen what the mount is
 * allowed (`suid`, `dev`), mount something else than the share (`bind`, `move`, `remount`, `loop`), or name
 * programs, directories and owners for mount(8) itself to use (`helper`, `x-mount...`). `exec` is no harm without
 * the others and is let through.
 */
const REFUSED = /^(?:suid|dev|r?bind|move|remount|loop|offset|sizelimit|helper|uhelper|x-mount\b.*)$/i;

/**
 * The share and the options of one line, or why it cannot be taken: a sentence that shows no option's value, which
 * may be a secret.
 */
export function parseLine(line: string): ShareSpec | string {
  if (line.length > MAX_LINE) return `is longer than ${String(MAX_LINE)} characters`;
  if (UNPRINTABLE.test(line.replaceAll('\t', ' '))) return 'has a control or unprintable character in it';
  const [first = '', ...rest] = line.split(/[ \t]+/).filter((word) => word !== '');
  const share = first.replaceAll('\\040', ' ');
  const problem = shareProblem(share);
  if (problem !== undefined) return problem;
  const options = parseOptions(rest);
  return typeof options === 'string' ? options : { share, options };
}

function shareProblem(share: string): string | undefined {
  if (share.startsWith('-')) return 'begins with an option; the share comes first';
  const parts = /^(\[[^\]]*\]|[^:/]*):(\/.*)$/.exec(share);
  if (parts === null) return `expected host:/volume, but found ${JSON.stringify(share)}`;
  const [, host = '', directory = ''] = parts;
  if (directory.split('/').includes('..')) return `has '..' in the path ${JSON.stringify(directory)}`;
  if (host.startsWith('[')) {
    const address = host.slice(1, -1).replace(/%[A-Za-z0-9_.-]+$/, '');
    return isIPv6(address) ? undefined : `${JSON.stringify(host)} is no IPv6 address in brackets`;
  }
  if (!HOST.test(host) || host.includes('..')) return `${JSON.stringify(host)} is no host name or address`;
  return undefined;
}

function parseOptions(words: readonly string[]): readonly string[] | string {
  const options: string[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const flag = words[index];
    const value = words[index + 1];
    if (flag !== '-o') return `expected only '-o options' after the share`;
    if (value === undefined) return `has '-o' with no options after it`;
    options.push(...value.split(','));
  }
  for (const option of options) {
    const problem = optionProblem(option);
    if (problem !== undefined) return problem;
  }
  return options;
}

/** Why one mount option cannot be taken, without its value; reads after 'the line' or 'the configuration'. */
export function optionProblem(option: string): string | undefined {
  const [name = '', ...value] = option.split('=');
  if (name === '') return 'has an empty mount option (a comma too many?)';
  if (name.startsWith('-') || value.join('=').startsWith('-')) {
    return `has a mount option that begins with '-', or whose value does`;
  }
  if (!OPTION.test(option)) {
    return `has a mount option with a character other than letters, digits and _.=:/@%+-`;
  }
  if (REFUSED.test(name)) return `has the mount option '${name}', which is not allowed here`;
  return undefined;
}
