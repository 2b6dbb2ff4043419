import { DriverError, isDriverError, messageOf } from '@scoria/core';
import type { DriverErrorCode } from '@scoria/core';
import { systemCode as hostCode } from '@scoria/host';

const CODES: Readonly<Record<string, readonly [DriverErrorCode, string]>> = {
  ENOSPC: ['no-space', 'the share is full; free some room on it'],
  EDQUOT: ['no-space', 'the quota of the share is used up; raise it or free some room'],
  EFBIG: ['no-space', 'the file system does not take a file of that size'],
  EROFS: ['unavailable', 'the share is mounted read-only; remount it for writing'],
  EACCES: ['unavailable', "this process may not; check the share's owner, group and mode"],
  EPERM: ['unavailable', "this process may not; check the share's owner, group and mode"],
  ESTALE: ['unavailable', 'the mount has gone stale; it has to be mounted again'],
  ENOTCONN: ['unavailable', 'the mount is not connected; it has to be mounted again'],
  ECONNABORTED: ['unavailable', 'the mount is not connected; it has to be mounted again'],
  EIO: ['unavailable', 'the storage does not answer as it should'],
  ELOOP: ['damaged', 'a symbolic link is in its place; see who put it there, and remove it'],
  EEXIST: ['already-exists', 'the name is taken; nothing was changed'],
};

/** The `code` of a system error ('ENOENT'), or '' for anything else. */
export function systemCode(error: unknown): string {
  return hostCode(error) ?? '';
}

/**
 * A failed system call as an error of the contract; DriverErrors pass as they are.
 * @param doing what failed, on what: 'cannot write volume-1.info'
 */
export function fileError(error: unknown, doing: string): DriverError {
  if (isDriverError(error)) return error;
  const [code, advice] = CODES[systemCode(error)] ?? (['failed', messageOf(error)] as const);
  return new DriverError({ code, message: `${doing}: ${advice}`, cause: error });
}

/** Runs `work`, naming what failed. */
export async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, doing);
  }
}
