import {
  type CommandRunner,
  type CommandRequest,
  type CommandResult,
  Logger,
  messageOf,
  type RunningCommand,
} from '@scoria/core';
import { inject, injectable } from 'inversify';
import { HostOptions } from '../host-options.js';
import { ProgramStarters } from '../starter/program-starters.js';
import { StartedProcess } from '../starter/started-process.js';
import { HeldLocks } from '../lock/held-locks.js';
import { Redactor } from '../logging/redactor.js';
import { CommandFailures } from './command-failures.js';
import { type CommandLine, launched, type Launchers } from './command-line.js';
import { DirectProcess } from './direct-process.js';
import { PrivilegedHelper } from './privileged-helper.js';
import type { ProgramProcess } from './program-process.js';
import { ProgramLookup } from './program-lookup.js';
import { type ProcessEnd, type ProcessRequest, SupervisedProcess } from './supervised-process.js';

const DEFAULT_MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const DEFAULT_GRACE_MS = 2000;
/** What launchers end with when the program is not there, which may be its own status too. */
const EXEC_FAILED = 127;

/**
 * Runs programs through execa: found in the system's directories, with an environment of its own, in a
 * process group of its own. A program never outlives this process: it is killed with it, and until it is
 * gone it holds the locks that were held when it was started. Those that ask for privileges do not hold
 * them, as a mount may leave a daemon behind. Who starts them is told by {@link ProgramStarters}.
 */
@injectable()
export class ExecaCommandRunner implements CommandRunner {
  readonly #options: HostOptions;
  readonly #logger: Logger;
  readonly #heldLocks: HeldLocks;
  readonly #starters: ProgramStarters;
  readonly #redactor: Redactor;
  readonly #lookup: ProgramLookup;
  readonly #helper: PrivilegedHelper;
  readonly #failures: CommandFailures;

  constructor(
    @inject(HostOptions) options: HostOptions,
    @inject(Logger) logger: Logger,
    @inject(HeldLocks) heldLocks: HeldLocks,
    @inject(Redactor) redactor: Redactor,
    @inject(ProgramStarters) starters: ProgramStarters,
  ) {
    this.#options = options;
    this.#logger = logger;
    this.#heldLocks = heldLocks;
    this.#starters = starters;
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
    // Who stops a command need not look at how it ended.
    result.catch(() => {});
    await child.started;
    const { pid } = child;
    if (pid === undefined) throw await result.then(() => new Error('started without a process id'));
    const stop = async () => {
      child.kill('stopped');
      await child.ended;
    };
    return { pid, result, stop, [Symbol.asyncDispose]: stop };
  }

  async isolate(): Promise<void> {
    const { setpriv } = await this.#launchers();
    this.#starters.isolate(setpriv);
  }

  async #launch(request: CommandRequest): Promise<SupervisedProcess> {
    if (hasNul(request)) throw this.#failures.malformed(request);
    const asked = await this.#lineOf(request);
    const launchers = await this.#launchers();
    // Nothing is awaited from here on: an abort in between would go unnoticed, and a lock could be closed.
    if (request.signal?.aborted === true) throw this.#failures.cancelledBeforeStart(request);
    const supervised: ProcessRequest = {
      line: launched(asked, launchers, request.limits),
      env: { PATH: this.#lookup.systemPath, LC_ALL: 'C', ...request.env },
      input: request.input,
      timeoutMs: request.timeoutMs,
      signal: request.signal,
      maxOutputBytes: request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
      graceMs: this.#options.killGraceMs ?? DEFAULT_GRACE_MS,
      locks: request.privileged === true ? undefined : this.#heldLocks.lend(request.locksIn),
    };
    try {
      return new SupervisedProcess(supervised, this.#startProcess(supervised, launchers));
    } catch (error) {
      throw this.#failures.notStarted(request, messageOf(error));
    }
  }

  #startProcess(request: ProcessRequest, { setpriv }: Launchers): ProgramProcess {
    const starter = this.#starters.current(setpriv);
    return starter === undefined ? new DirectProcess(request) : new StartedProcess(starter, request);
  }

  async #lineOf({ command, args, privileged }: CommandRequest): Promise<CommandLine> {
    const asked = { file: await this.#lookup.resolve(command), args };
    return privileged === true ? this.#helper.authorize(asked) : asked;
  }

  async #launchers(): Promise<Launchers> {
    return {
      setpriv: await this.#lookup.resolve('setpriv'),
      prlimit: await this.#lookup.resolve('prlimit'),
    };
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
