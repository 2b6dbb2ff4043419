/** Limits of one process, set before it starts (setrlimit). */
export interface CommandLimits {
  readonly cpuSeconds?: number;
  readonly addressSpaceBytes?: number;
  /** No file may grow beyond this. */
  readonly fileSizeBytes?: number;
}

export interface CommandRequest {
  /** A program's plain name, looked up in the system's directories only, or its absolute path. */
  readonly command: string;
  /** Passed as they are; there is never a shell. */
  readonly args: readonly string[];
  /** The process and its children are killed after this long. Required: no wait is without an end. */
  readonly timeoutMs: number;
  /** Kills the process when it is aborted. */
  readonly signal?: AbortSignal;
  readonly limits?: CommandLimits;
  /** Goes through the privileged helper, which has an allow-list of its own. */
  readonly privileged?: boolean;
  /** Strings to mask wherever the command is shown. */
  readonly secrets?: readonly string[];
  /** Added to a minimal environment (`PATH`, `LC_ALL=C`). */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  /** More than this on stdout or stderr ends the command with an error; 16 MiB unless told. */
  readonly maxOutputBytes?: number;
  /**
   * Directories: of the locks that are held when it starts, the program keeps those in or below them until it is gone;
   * all of them unless told. For what works nowhere else: where it hangs, it keeps nothing that is locked elsewhere.
   */
  readonly locksIn?: readonly string[];
  /** Exit codes that are an answer, not a failure; only 0 unless told. */
  readonly acceptExitCodes?: readonly number[];
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A process that goes on until it is stopped, such as a block export. */
export interface RunningCommand extends AsyncDisposable {
  readonly pid: number;
  /** Resolves or rejects as {@link CommandRunner.run} does, when the process ends by itself. */
  readonly result: Promise<CommandResult>;
  /** SIGTERM, then SIGKILL; resolves when the process is gone. Stopping twice is fine. */
  stop(): Promise<void>;
}

/**
 * Runs external programs: argument arrays only, never a shell, always a time limit.
 * Errors are `CommandError`: `command-not-found`, `command-not-allowed` (privileged and not on the list),
 * `command-failed` (an exit code that is not accepted), `command-killed`, `command-timeout`,
 * `command-cancelled`, `command-output-too-large`.
 */
export interface CommandRunner {
  run(request: CommandRequest): Promise<CommandResult>;
  /** Starts a process that outlives the call; `timeoutMs` is its longest life. */
  start(request: CommandRequest): Promise<RunningCommand>;
  /**
   * For processes that open files on mounted shares; called before they open the first. From then on no start of a
   * program waits for a share that hangs, whatever the process has open there. Idempotent.
   */
  isolate(): Promise<void>;
}
export const CommandRunner = Symbol.for('scoria.CommandRunner');
