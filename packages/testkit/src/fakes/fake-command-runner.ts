import type { CommandRequest, CommandResult, CommandRunner, RunningCommand } from '@scoria/core';
import { CommandError } from '@scoria/core';
import { deferred } from '../deferred.js';

/** Which commands an answer is for: the command's name, its first words, a pattern of its line, or a test. */
export type CommandMatcher = string | readonly string[] | RegExp | ((request: CommandRequest) => boolean);

/** What a command answers; exit code 0 and no output unless told. */
export type CommandAnswer = Partial<CommandResult>;

/** Works the answer out, or throws what the command fails with. */
export type CommandHandler = (request: CommandRequest) => CommandAnswer | Promise<CommandAnswer>;

interface ScriptLine {
  readonly matches: (request: CommandRequest) => boolean;
  readonly handler: CommandHandler;
}

/** A command and its arguments in one line, for patterns and messages. */
export function commandLine({ command, args }: Pick<CommandRequest, 'command' | 'args'>): string {
  return [command, ...args].join(' ');
}

/** A {@link CommandRunner} that runs nothing: it answers from a table and remembers what it was asked. */
export class FakeCommandRunner implements CommandRunner {
  /** Every request of `run` and `start`, in order. */
  readonly calls: CommandRequest[] = [];
  readonly #script: ScriptLine[] = [];
  #pid = 1000;

  /** The requests as lines: `qemu-img info --output=json ...`. */
  get lines(): string[] {
    return this.calls.map(commandLine);
  }

  /** Adds an answer; of several that match, the last one added is given. */
  when(matcher: CommandMatcher, answer: CommandAnswer | CommandHandler = {}): this {
    const handler = typeof answer === 'function' ? answer : () => answer;
    this.#script.unshift({ matches: toTest(matcher), handler });
    return this;
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    this.calls.push(request);
    if (request.signal?.aborted === true) throw failure(request, 'command-cancelled', 'was cancelled');
    const line = this.#script.find(({ matches }) => matches(request));
    if (line === undefined) throw failure(request, 'command-not-found', 'has no answer in this fake');
    const answer = await orAborted(Promise.resolve(line.handler(request)), request);
    const result: CommandResult = { exitCode: 0, stdout: '', stderr: '', durationMs: 1, ...answer };
    if ((request.acceptExitCodes ?? [0]).includes(result.exitCode)) return result;
    throw failure(request, 'command-failed', `ended with ${String(result.exitCode)}: ${result.stderr}`);
  }

  /** The process goes on until it is stopped, or until its handler's promise ends. */
  async start(request: CommandRequest): Promise<RunningCommand> {
    const { promise: stopped, resolve: stop } = deferred<CommandResult>();
    const result = Promise.race([this.run(request), stopped]);
    // Nobody has to look at how a process ended.
    result.catch(() => {});
    const end = async (): Promise<void> => {
      stop({ exitCode: 0, stdout: '', stderr: '', durationMs: 1 });
      return Promise.resolve();
    };
    return Promise.resolve({ pid: this.#pid++, result, stop: end, [Symbol.asyncDispose]: end });
  }

  async isolate(): Promise<void> {
    return Promise.resolve();
  }
}

/** A handler for a command that never answers: its time limit is reached at once. */
export const hang: CommandHandler = (request) => {
  throw failure(request, 'command-timeout', `did not end within ${String(request.timeoutMs)} ms`);
};

/** A handler for a process that goes on until it is stopped. */
export const runUntilStopped: CommandHandler = () => new Promise<never>(() => {});

function failure(request: CommandRequest, code: CommandError['code'], what: string): CommandError {
  const line = commandLine(request);
  const shown = (request.secrets ?? []).reduce((text, secret) => text.replaceAll(secret, '***'), line);
  return new CommandError({ code, message: `${shown} ${what}`, details: { command: request.command } });
}

function toTest(matcher: CommandMatcher): ScriptLine['matches'] {
  if (typeof matcher === 'function') return matcher;
  if (matcher instanceof RegExp) return (request) => matcher.test(commandLine(request));
  const words = typeof matcher === 'string' ? [matcher] : matcher;
  return ({ command, args }) => words.every((word, index) => [command, ...args][index] === word);
}

async function orAborted<T>(answer: Promise<T>, request: CommandRequest): Promise<T> {
  const { signal } = request;
  if (signal === undefined) return answer;
  const { promise: aborted, reject } = deferred<never>();
  const abort = (): void => {
    reject(failure(request, 'command-cancelled', 'was cancelled'));
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
