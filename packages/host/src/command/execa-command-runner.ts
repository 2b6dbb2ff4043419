import {
  type CommandRunner,
  type CommandRequest,
  type CommandResult,
  Logger,
  type RunningCommand,
} from '@scoria/core';
import { inject, injectable } from 'inversify';
import { HostOptions } from '../host-options.js';
import { HeldLocks } from '../lock/held-locks.js';
import { Redactor } from '../logging/redactor.js';
import { CommandFailures } from './command-failures.js';
import { type CommandLine, launched } from './command-line.js';
import { PrivilegedHelper } from './privileged-helper.js';
import { ProgramLookup } from './program-lookup.js';
import { type ProcessEnd, SupervisedProcess } from './supervised-process.js';

const DEFAULT_MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const DEFAULT_GRACE_MS = 2000;
/** What launchers end with when the program is not there, which may be its own status too. */
const EXEC_FAILED = 127;

/**
 * Runs programs through execa: found in the system's directories, with an environment of its own, in a
 * process group of its own. A program never outlives this process: it is killed with it, and until it is
 * gone it holds the locks that were held when it was started. Those that ask for privileges do not hold
 * them, as a mount may leave a daemon behind.
 */
@injectable()
export class ExecaCommandRunner implements CommandRunner {
  readonly #options: HostOptions;
  readonly #logger: Logger;
  readonly #heldLocks: HeldLocks;
  readonly #redactor: Redactor;
  readonly #lookup: ProgramLookup;
  readonly #helper: PrivilegedHelper;
  readonly #failures: CommandFailures;

  constructor(
    @inject(HostOptions) options: HostOptions,
    @inject(Logger) logger: Logger,
    @inject(HeldLocks) heldLocks: HeldLocks,
    @inject(Redactor) redactor: Redactor,
  ) {
    this.#options = options;
    this.#logger = logger;
    this.#heldLocks = heldLocks;
    this.#redactor = redactor;
    this.#lookup = new ProgramLookup(options.systemPath);
    this.#helper = new PrivilegedHelper(options.privileges ?? {}, this.#lookup);
    this.#failures = new CommandFailures(redactor);
  }

  async run(request: CommandRequest): Promise<CommandResult> {
    const child = await this.#launch(request);
    return this.#resultOf(request, child);
  }

  async start(request: CommandRequest): Promise<RunningCommand> {
    const child = await this.#launch(request);
    const result = this.#resultOf(request, child);
    const { pid } = child;
    if (pid === undefined) throw await result.then(() => new Error('started without a process id'));
    // Who stops a command need not look at how it ended.
    result.catch(() => {});
    const stop = async () => {
      child.kill('stopped');
      await child.ended;
    };
    return { pid, result, stop, [Symbol.asyncDispose]: stop };
  }

  async #launch(request: CommandRequest): Promise<SupervisedProcess> {
    if (hasNul(request)) throw this.#failures.malformed(request);
    const line = await this.#lineOf(request);
    // Nothing is awaited from here on: an abort in between would go unnoticed, and a lock could be closed.
    if (request.signal?.aborted === true) throw this.#failures.cancelledBeforeStart(request);
    return new SupervisedProcess({
      line,
      env: { PATH: this.#lookup.systemPath, LC_ALL: 'C', ...request.env },
      input: request.input,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
      maxOutputBytes: request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
      graceMs: this.#options.killGraceMs ?? DEFAULT_GRACE_MS,
      locks: request.privileged === true ? undefined : this.#heldLocks.lend(),
    });
  }

  async #lineOf({ command, args, privileged, limits }: CommandRequest): Promise<CommandLine> {
    const asked = { file: await this.#lookup.resolve(command), args };
    const line = privileged === true ? await this.#helper.authorize(asked) : asked;
    const launchers = {
      setpriv: await this.#lookup.resolve('setpriv'),
      prlimit: await this.#lookup.resolve('prlimit'),
    };
    return launched(line, launchers, limits);
  }

  async #resultOf(request: CommandRequest, child: SupervisedProcess): Promise<CommandResult> {
    const end = await child.ended;
    this.#log(request, end);
    const failure = this.#failures.of(request, end);
    if (failure !== undefined) {
      if (end.exitCode === EXEC_FAILED) await this.#lookup.check(request.command);
      throw failure;
    }
    const { exitCode = 0, stdout, stderr, durationMs } = end;
    return { exitCode, stdout, stderr, durationMs };
  }

  #log({ command, args, secrets }: CommandRequest, end: ProcessEnd): void {
    this.#logger.debug(`ran ${command}`, {
      args: this.#redactor.args(args, secrets),
      exitCode: end.exitCode,
      signal: end.signal,
      durationMs: Math.round(end.durationMs),
    });
  }
}

function hasNul({ args, env = {} }: CommandRequest): boolean {
  return [...args, ...Object.entries(env).flat()].some((text) => text.includes('\0'));
}
