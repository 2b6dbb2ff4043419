import { DriverError, type OperationContext } from '@scoria/core';
import type { NoAnswerError } from './one-at-a-time.js';

/** A place that keeps volumes as files: an NFS or GlusterFS export that is mounted, or a directory. */
export interface Share {
  /** The share's name in records and in the configuration: 'host:/volume', or a directory's absolute path. */
  readonly share: string;
  /** Where its files are on this host: an absolute directory. */
  readonly path: string;
  /** Mount options of its own, from the configuration: whoever else mounts it, such as a hypervisor, needs them. */
  readonly options?: readonly string[];
}

/**
 * The hidden directory on a share for what is not a volume: probes, journals, locks.
 * No volume name template can give a name that begins with a dot, so nothing in it is taken for a volume.
 */
export const HIDDEN_DIRECTORY = '.scoria';

/**
 * The shares of one backend. Knows which there are, makes them usable and notices when they are not.
 * A share is usable when it is where it should be and a file can be created on it; a full one is usable, since
 * its volumes can be read and deleted.
 *
 * Safe to call from many operations at once. Errors are `DriverError`.
 */
export interface ShareProvider {
  /**
   * Makes usable what can be: call it before anything else, in the driver's `setup`. Idempotent. A share that does
   * not work is a warning as long as another does, and is tried again later.
   * @throws `unavailable` if no share works: the message names each with its reason
   * @throws `cancelled`
   */
  start(context: OperationContext): Promise<void>;

  /**
   * The shares that are usable now, in the order of the configuration; none is an empty list, not an error.
   * Tries again the ones that did not work, when it is time to. Takes seconds at the most.
   * @param context of the operation that uses them, which ends when one of them begins to hang
   */
  available(context: OperationContext): Promise<readonly Share[]>;

  /** Why shares cannot be used now, by their names; none where all can. No input or output happens. */
  problems(): ReadonlyMap<string, string>;

  /**
   * The share of that name as of the last look; no input or output happens.
   * @throws `unavailable` if there is no such share, or it was not usable: says why and what to do
   */
  byName(share: string): Share;

  /**
   * The share of that name, looked at now and made usable again if it has gone. Call it before each operation on a
   * volume. May take as long as a mount does. Idempotent.
   * @param context of the operation that uses it, which ends when the share begins to hang
   * @throws `unavailable` if there is no such share, or it cannot be made usable: says why and what to do. A share
   * that has just failed fails with the same reason, without another try, until it is time for one.
   */
  ensure(context: OperationContext, share: string): Promise<Share>;
}
export const ShareProvider = Symbol.for('scoria.remotefs.ShareProvider');

/** The error of a share that the configuration does not have. */
export function unknownShare(share: string, known: readonly string[], where: string): DriverError {
  return new DriverError({
    code: 'unavailable',
    message:
      `the share ${JSON.stringify(share)} is not one of this backend's (${known.join(', ') || 'none'}); ` +
      `if volumes are on it, add it to ${where} and restart the backend`,
    details: { share, known },
  });
}

/** The error of a share that is there but does not work. `reason` says what was found, and what to do. */
export function unusableShare(share: string, reason: string, cause?: unknown): DriverError {
  return new DriverError({
    code: 'unavailable',
    message: `the share ${share} cannot be used: ${reason}`,
    details: { share, reason },
    cause,
  });
}

/** The error of an operation on a share that hangs. */
export function hangingShare(share: string, hang: NoAnswerError): DriverError {
  return unusableShare(
    share,
    `${noAnswerReason(hang)}. The operation goes no further; what it has begun is finished or undone when the ` +
      'share is back',
    hang,
  );
}

/** Why a share that does not answer cannot be used, and what to do. */
export function noAnswerReason(error: NoAnswerError): string {
  return `its file system gives ${error.message}; see whether its server is up and can be reached`;
}
