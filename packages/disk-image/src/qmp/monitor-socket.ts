import { DriverError, type VolumeAttachment } from '@scoria/core';
import { systemCode } from '@scoria/host';
import { lstat } from 'node:fs/promises';
import path from 'node:path';

/** What fits into a Unix socket's address. */
const MAX_BYTES = 107;

/**
 * The path of the monitor that the attachment names.
 * @throws DriverError `not-supported` where it names none, or what cannot be a socket's path
 */
export function monitorPath({ id, monitor }: VolumeAttachment): string {
  if (monitor === undefined) {
    throw notSupported(
      `attachment ${id} names no monitor of its hypervisor; attach it with the socket's path`,
    );
  }
  const problem = pathProblem(monitor);
  if (problem === undefined) return monitor;
  throw notSupported(`attachment ${id} names ${JSON.stringify(monitor)} as its monitor, which ${problem}`);
}

/**
 * Whether something is at the path of a monitor.
 * @throws DriverError `unavailable` where it is no socket, or cannot be looked at
 */
export async function monitorIsThere(socketPath: string): Promise<boolean> {
  const found = await lookAt(socketPath);
  if (found === undefined) return false;
  if (found.isSocket()) return true;
  const message = `the monitor at ${socketPath} cannot be reached: that is no socket; give the path of one`;
  throw new DriverError({ code: 'unavailable', message });
}

async function lookAt(socketPath: string): Promise<{ isSocket(): boolean } | undefined> {
  try {
    return await lstat(socketPath);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    const message = `the monitor at ${socketPath} cannot be looked at: ${String(error)}`;
    throw new DriverError({ code: 'unavailable', message, cause: error });
  }
}

function pathProblem(monitor: string): string | undefined {
  if (!path.isAbsolute(monitor)) return 'is not absolute';
  if (/\p{Cc}/u.test(monitor)) return 'has control characters';
  if (path.normalize(monitor) !== monitor || monitor.endsWith('/'))
    return "is no plain path: no '..', '//' or '/' at its end";
  if (Buffer.byteLength(monitor) > MAX_BYTES)
    return `is longer than the ${MAX_BYTES} bytes of a socket's address`;
  return undefined;
}

function notSupported(message: string): DriverError {
  return new DriverError({ code: 'not-supported', message });
}
