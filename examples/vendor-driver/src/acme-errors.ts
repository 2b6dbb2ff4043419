import type { DriverErrorCode } from '@scoria/core';
import { DriverError, messageOf } from '@scoria/core';

/** The array's error codes in the words of the contract; what is not here is `failed`. */
const CODES: Readonly<Record<string, DriverErrorCode>> = {
  no_such_volume: 'volume-not-found',
  no_such_snapshot: 'snapshot-not-found',
  volume_exists: 'already-exists',
  snapshot_exists: 'already-exists',
  volume_busy: 'volume-busy',
  snapshot_busy: 'snapshot-busy',
  pool_full: 'no-space',
  bad_request: 'invalid-input',
  unauthorised: 'unavailable',
  no_such_pool: 'unavailable',
};

/** The error for an answer of the array that is no success. */
export function refusal(asked: string, status: number, body: string): DriverError {
  let answer: { code?: string; message?: string; heldBy?: string[] } = {};
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch {
    // What stands in front of the array, a proxy for one, has answers of its own.
  }
  const { code = '', message = body.slice(0, 200), heldBy } = answer;
  return new DriverError({
    code: CODES[code] ?? 'failed',
    message: `the Acme array refused ${asked} with ${String(status)} ${code}: ${message}`,
    details: { asked, status, arrayCode: code, heldBy },
  });
}

/** The error for no answer at all. */
export function noAnswer(
  asked: string,
  url: string,
  code: 'cancelled' | 'timeout' | 'unavailable',
  cause: unknown,
): DriverError {
  const why = messageOf((cause as { cause?: unknown }).cause ?? cause);
  const message = `the Acme array at ${url} did not answer ${asked} (${code}: ${why})`;
  return new DriverError({ code, message, details: { asked, url }, cause });
}
