import { DriverError, messageOf, ScoriaError } from '@scoria/core';

/** The code that decides what becomes of an object: the driver's, where the error only carries a driver's. */
export function failureCodeOf({ code, details, cause }: ScoriaError): string {
  if (typeof details.code === 'string') return details.code;
  if (code !== 'operation-failed' || !(cause instanceof ScoriaError)) return code;
  return failureCodeOf(cause as ScoriaError);
}

/** What was thrown, as an error that has a code. */
export function asScoriaError(error: unknown): ScoriaError {
  if (error instanceof ScoriaError) return error as ScoriaError;
  return new DriverError({ code: 'failed', message: messageOf(error), cause: error });
}
