import type { AllowRule } from './allow-rule.js';

/** How commands with `privileged: true` are run. */
export interface PrivilegeOptions {
  /** What is put in front: `sudo`, `none`, or the absolute path of a program like it. `sudo` unless told; nothing when the process is root. */
  readonly command?: string;
  /** Its own arguments; `-n` unless told, so that it never asks for a password. */
  readonly args?: readonly string[];
  /** What may be run; nothing else is. */
  readonly allow?: readonly AllowRule[];
}
