import { statfs } from 'node:fs/promises';
import { isDeadMount } from './dead-mount.js';

/** What is asked of a mounted file system itself. An answer may take for ever. */
export interface MountProbe {
  /** A call that it has to answer itself, whatever it says. Rejects with the error it answers with. */
  ask(directory: string): Promise<unknown>;
  /** Whether the process behind it has died; see {@link isDeadMount}. */
  isDead(directory: string): Promise<boolean>;
}
export const MountProbe = Symbol.for('scoria.remotefs.MountProbe');

/** Asks the kernel. */
export const systemMountProbe: MountProbe = {
  ask: async (directory) => statfs(directory),
  isDead: async (directory) => isDeadMount(directory),
};
