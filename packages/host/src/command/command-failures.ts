import { type CommandRequest, CommandError, type CommandErrorCode } from '@scoria/core';
import type { Redactor } from '../logging/redactor.js';
import type { ProcessEnd } from './supervised-process.js';

const STDERR_LINES = 10;
const STDERR_CHARACTERS = 2000;
/** Well above what is shown, so that no secret is cut in two where it shows. */
const STDERR_SEARCHED = 65_536;

/** Turns the end of a process into the error that says what happened, with everything masked. */
export class CommandFailures {
  readonly #redactor: Redactor;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** @returns undefined when the command did what it was asked for */
  of(request: CommandRequest, end: ProcessEnd): CommandError | undefined {
    const [code, what] = classify(request, end);
    return code === undefined ? undefined : this.#error(code, what, request, end);
  }

  cancelledBeforeStart(request: CommandRequest): CommandError {
    return this.#error('command-cancelled', 'was cancelled before it was started', request);
  }

  /** Arguments that no program can be given. */
  malformed(request: CommandRequest): CommandError {
    return this.#error(
      'command-failed',
      'was not started: an argument or variable has a NUL byte in it',
      request,
    );
  }

  /** @param reason why it cannot even be tried */
  notStarted(request: CommandRequest, reason: string): CommandError {
    return this.#error('command-failed', `was not started: ${reason}`, request);
  }

  #error(code: CommandErrorCode, what: string, request: CommandRequest, end?: ProcessEnd): CommandError {
    const { command, signal, secrets } = request;
    const said = end === undefined ? '' : this.#lastLines(end.stderr, secrets);
    return new CommandError({
      code,
      message: this.#redactor.text(`${command} ${what}${said === '' ? '' : `: ${said}`}`, secrets),
      details: {
        command,
        args: this.#redactor.args(request.args, secrets),
        exitCode: end?.exitCode,
        signal: end?.signal,
        durationMs: end === undefined ? undefined : Math.round(end.durationMs),
        stillRunning: end?.stillRunning === true ? true : undefined,
      },
      cause: code === 'command-cancelled' ? signal?.reason : startFailure(end),
    });
  }

  #lastLines(stderr: string, secrets?: readonly string[]): string {
    const masked = this.#redactor.text(stderr.slice(-STDERR_SEARCHED), secrets).trimEnd();
    return masked.split('\n').slice(-STDERR_LINES).join('\n').slice(-STDERR_CHARACTERS);
  }
}

type Verdict = readonly [CommandErrorCode, string] | readonly [undefined];

function classify(request: CommandRequest, end: ProcessEnd): Verdict {
  if (end.startFailure === 'ENOENT') return ['command-not-found', 'is not there any more'];
  if (end.startFailure !== undefined) return ['command-failed', `could not be started (${end.startFailure})`];
  if (end.killedFor !== undefined) return whyKilled(end.killedFor, request, end);
  if (end.signal !== undefined)
    return ['command-killed', `was killed by ${end.signal}${limitOf(end.signal, request)}`];
  if ((request.acceptExitCodes ?? [0]).includes(end.exitCode ?? -1)) return [undefined];
  return ['command-failed', `failed with exit status ${end.exitCode ?? 'unknown'}`];
}

function whyKilled(
  reason: NonNullable<ProcessEnd['killedFor']>,
  { timeoutMs }: CommandRequest,
  { stillRunning, orphanedBy }: ProcessEnd,
): Verdict {
  const killed = stillRunning ? 'could not be killed; it is still running' : 'was killed';
  switch (reason) {
    case 'orphaned': {
      const known = stillRunning ? 'is not known to have ended' : 'was killed';
      return ['command-killed', `${known}: ${orphanedBy ?? 'its parent has ended'}`];
    }
    case 'timeout':
      return ['command-timeout', `did not end within ${timeoutMs} ms and ${killed}`];
    case 'cancelled':
      return ['command-cancelled', `was cancelled and ${killed}`];
    case 'stopped':
      return ['command-cancelled', `was stopped and ${killed}`];
    case 'output':
      return ['command-output-too-large', `wrote more than it may and ${killed}`];
  }
}

function limitOf(signal: string, { limits }: CommandRequest): string {
  if (signal === 'SIGXCPU' && limits?.cpuSeconds !== undefined) {
    return `: it used more than ${limits.cpuSeconds} seconds of CPU time`;
  }
  if (signal === 'SIGXFSZ' && limits?.fileSizeBytes !== undefined) {
    return `: it tried to make a file of more than ${limits.fileSizeBytes} bytes`;
  }
  return '';
}

/** Made anew: Node's own error carries the arguments unmasked. */
function startFailure(end: ProcessEnd | undefined): Error | undefined {
  return end?.startFailure === undefined ? undefined : new Error(`spawn ${end.startFailure}`);
}
