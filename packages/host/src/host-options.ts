import type { PrivilegeOptions } from './command/privilege-options.js';
import type { LogOptions } from './logging/winston-logger.js';

/** What can be set about the machine; everything has a default. */
export interface HostOptions {
  /** Where programs are looked for, separated by colons, and the `PATH` they get. */
  readonly systemPath?: string;
  /** How commands that ask for privileges get them; none are allowed unless told. */
  readonly privileges?: PrivilegeOptions;
  /** How long a lock is waited for when the caller does not say; 30 minutes unless told. */
  readonly lockTimeoutMs?: number;
  /** From SIGTERM to SIGKILL, when a program is to end; 2000 unless told. */
  readonly killGraceMs?: number;
  readonly log?: LogOptions;
}
export const HostOptions = Symbol.for('scoria.HostOptions');
