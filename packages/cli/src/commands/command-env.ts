import type { Command } from 'commander';
import type { Globals } from '../globals.js';
import { UsageError } from '../usage-error.js';

/** The global options, wherever on the line they stand. */
export function globalsOf(command: Command): Globals {
  return command.optsWithGlobals<Globals>();
}

type Action<Arguments extends readonly unknown[], Options> = (
  globals: Globals,
  options: Options,
  ...args: Arguments
) => Promise<void>;

/** A commander action with the globals in front: `(globals, options, ...arguments)`. */
export function action<Arguments extends readonly unknown[], Options = Record<string, never>>(
  work: Action<Arguments, Options>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = given.at(-2) as Options;
    const args = given.slice(0, -2) as unknown as Arguments;
    await work(globalsOf(command), options, ...args);
  };
}

/** `KEY=VALUE` options, collected. */
export function collectPair(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`expected KEY=VALUE, and got ${JSON.stringify(text)}`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
