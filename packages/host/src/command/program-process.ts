import type { Readable } from 'node:stream';
import type { LentLocks } from '../lock/held-locks.js';
import type { CommandLine } from './command-line.js';

/** What is started. */
export interface ProgramRequest {
  readonly line: CommandLine;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: Uint8Array | undefined;
  /** What the process keeps; it is made in the turn in which these were lent. */
  readonly locks?: LentLocks | undefined;
}

/** How a process ended, or why it was never there. */
export interface ProgramExit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Why it could not be started: 'EACCES', 'E2BIG' and so on. */
  readonly failure?: string | undefined;
}

/** A process of a program, whoever is its parent: in a group and session of its own, in the root directory. */
export interface ProgramProcess {
  /** From when it is known; stays undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when it is known whether it could be started. */
  readonly started: Promise<void>;
  readonly exited: Promise<ProgramExit>;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves with the reason when its parent has ended before it and nobody can tell how it ends; never, where this
   * process is its parent.
   */
  readonly orphaned: Promise<string>;
  /** Nobody waits for it any longer, and it keeps nobody. */
  forget(): void;
}
