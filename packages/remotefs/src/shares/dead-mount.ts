import { attributeLength } from '@scoria/host';
import { systemCode } from '../chain/file-errors.js';
import { PROBE_TIMEOUT_MS } from './share-probe.js';
import { within } from './one-at-a-time.js';

/** What the kernel answers itself where the client of a mount, a process, has died. A client may say so too. */
const NOT_CONNECTED = ['ENOTCONN', 'ECONNABORTED'];

/**
 * An attribute that a client answers for by itself, without its server. Where the kernel does, since it labels files,
 * no mount is taken for dead.
 */
const ATTRIBUTE = 'security.selinux';

/** Whether an error that a mounted share answered with may come from the death of its client. */
export function mayBeDead(problem: unknown): boolean {
  return NOT_CONNECTED.includes(systemCode(problem));
}

/**
 * Whether the client of what is mounted on `directory` has died. Not so where only its servers are gone: it then says
 * 'not connected' of files, but is there and finds its servers again. One that does not answer lives.
 * @param ask getxattr(2)
 */
export async function isDeadMount(
  directory: string,
  ask = attributeLength,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<boolean> {
  try {
    await within(timeoutMs, ask(directory, ATTRIBUTE));
    return false;
  } catch (error) {
    return mayBeDead(error);
  }
}
