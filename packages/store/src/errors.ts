import { ScoriaError } from '@scoria/core/basics';

/**
 * | code | meaning |
 * | --- | --- |
 * | `unavailable` | the database cannot be opened or does not answer |
 * | `busy` | another process kept the database locked for too long |
 * | `newer-schema` | the database was written by a newer version |
 * | `not-found` | a marker or id that is not there |
 * | `already-exists` | an id or unique name that is taken |
 * | `failed` | the database refused for another reason |
 */
export type StoreErrorCode =
  'unavailable' | 'busy' | 'newer-schema' | 'not-found' | 'already-exists' | 'failed';

/** The records could not be read or written. */
export class StoreError extends ScoriaError<StoreErrorCode> {}
