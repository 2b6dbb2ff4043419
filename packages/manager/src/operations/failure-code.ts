import { DriverError, messageOf, ScoriaError } from '@scoria/core';

/** The code that decides what becomes of an object: the driver's, where the error only carries a driver's. */
export function failureCodeOf(error: ScoriaError): string {
  if (error.code !== 'operation-failed') return error.code;
  if (typeof error.details.code === 'string') return error.details.code;
  return error.cause instanceof ScoriaError ? failureCodeOf(error.cause) : error.code;
}

/** What was thrown, as an error that has a code. */
export function asScoriaError(error: unknown): ScoriaError {
  if (error instanceof ScoriaError) return error;
  return new DriverError({ code: 'failed', message: messageOf(error), cause: error });
}
