/**
 * Facts about an error, for logs and programs: the object's id, paths, sizes. Never a secret: values are
 * shown as they are.
 */
export type ErrorDetails = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface ErrorOptions<Code extends string> {
  readonly code: Code;
  /** What was expected, what was found, on which object, and what to do. */
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * The base of every error that Scoria raises on purpose. Anything else that is thrown is a defect.
 * There is one subclass per layer, each with a closed union of codes; the edge (API, command line) turns
 * codes into HTTP statuses and exit codes.
 */
export abstract class ScoriaError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;

  constructor(options: ErrorOptions<Code>) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.details = options.details ?? {};
  }
}

/**
 * What a driver's method may raise. The manager decides by the code what becomes of the volume:
 *
 * | code | meaning | effect |
 * | --- | --- | --- |
 * | `volume-busy`, `snapshot-busy` | something holds the object; `details.heldBy` names it | a delete ends where it began |
 * | `volume-not-found`, `snapshot-not-found` | the backend has no such object | error; never raised by a delete |
 * | `already-exists` | the name is taken on the backend | nothing was changed |
 * | `invalid-input` | the caller's values cannot be right | nothing was changed |
 * | `invalid-state` | the object's state does not allow the call | nothing was changed |
 * | `invalid-connector` | the connector lacks what this backend needs | 400 to the caller, nothing was changed |
 * | `not-supported` | this driver cannot do it | a generic way is tried where there is one |
 * | `no-space` | the backend has not enough room | what was made is removed |
 * | `unsafe-image` | a file's header asks for what it must not have | nothing was changed |
 * | `damaged` | records and data on the backend contradict each other | nothing was changed, a person has to look |
 * | `unavailable` | the backend does not answer or lacks a tool | the backend is reported down |
 * | `timeout`, `cancelled` | the time limit or the caller ended it | undone, or finished at the next start |
 * | `failed` | the backend refused for another reason | the object goes to its error state |
 */
export type DriverErrorCode =
  | 'volume-busy'
  | 'snapshot-busy'
  | 'volume-not-found'
  | 'snapshot-not-found'
  | 'already-exists'
  | 'invalid-input'
  | 'invalid-state'
  | 'invalid-connector'
  | 'not-supported'
  | 'no-space'
  | 'unsafe-image'
  | 'damaged'
  | 'unavailable'
  | 'timeout'
  | 'cancelled'
  | 'failed';

/** An error of a driver's method; see {@link DriverErrorCode} for what each code causes. */
export class DriverError extends ScoriaError<DriverErrorCode> {}

export type PluginErrorCode =
  'plugin-not-found' | 'plugin-invalid' | 'plugin-api-mismatch' | 'capability-mismatch' | 'plugin-failed';

/** A driver's package cannot be loaded or does not fit. The backend is reported down; others go on. */
export class PluginError extends ScoriaError<PluginErrorCode> {}

export type OptionsErrorCode = 'invalid-options';

/** One option that is wrong, and why. `option` is '' where the whole section is. */
export interface OptionProblem {
  readonly option: string;
  readonly reason: string;
}

/** The configuration of a backend does not fit its schema. Names every problem at once. */
export class OptionsError extends ScoriaError<OptionsErrorCode> {
  readonly problems: readonly OptionProblem[];

  constructor(subject: string, problems: readonly OptionProblem[]) {
    const lines = problems.map(({ option, reason }) => (option === '' ? reason : `${option}: ${reason}`));
    super({
      code: 'invalid-options',
      message: `${subject} has ${String(problems.length)} wrong option(s): ${lines.join('; ')}`,
    });
    this.problems = problems;
  }
}

export type CommandErrorCode =
  | 'command-not-found'
  | 'command-not-allowed'
  | 'command-failed'
  | 'command-killed'
  | 'command-timeout'
  | 'command-cancelled'
  | 'command-output-too-large';

/** An external program could not be run or did not end well. `details` has its arguments, redacted. */
export class CommandError extends ScoriaError<CommandErrorCode> {}

export type LockErrorCode = 'lock-timeout' | 'lock-cancelled' | 'lock-failed';

/** A lock was not obtained; `details.name` says which. */
export class LockError extends ScoriaError<LockErrorCode> {}

/** True for a {@link DriverError} of one of these codes. */
export function isDriverError(error: unknown, ...codes: DriverErrorCode[]): error is DriverError {
  return error instanceof DriverError && (codes.length === 0 || codes.includes(error.code));
}

/** The text of anything that was thrown, for a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
