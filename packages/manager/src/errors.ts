import { ScoriaError } from '@scoria/core/basics';

/**
 * | code | meaning | command line | HTTP |
 * | --- | --- | --- | --- |
 * | `not-found` | no such volume, snapshot, backend, operation, type | 1 | 404 |
 * | `ambiguous-name` | several have the name; `details.ids` lists them | 1 | 409 |
 * | `conflict` | another operation holds it, or its state does not allow it; `details.status`, `details.operationId` | 1 | 409 |
 * | `has-dependents` | something depends on it; `details.blockers` lists ids | 1 | 409 |
 * | `invalid-input` | a value that cannot be right | 2 | 400 |
 * | `quota-exceeded` | the project may not have more | 1 | 413 |
 * | `no-backend` | no backend or pool fits; the message says what each lacks | 1 | 503 |
 * | `backend-down` | the backend is not up; the message says why | 1 | 503 |
 * | `not-supported` | the backend cannot, and there is no generic way | 1 | 400 |
 * | `cancelled` | the operation was cancelled | 1 | 409 |
 * | `operation-failed` | the backend refused; `cause` is the driver's error, `details.code` its code | 1 | 500 |
 */
export type ManagerErrorCode =
  | 'not-found'
  | 'ambiguous-name'
  | 'conflict'
  | 'has-dependents'
  | 'invalid-input'
  | 'quota-exceeded'
  | 'no-backend'
  | 'backend-down'
  | 'not-supported'
  | 'cancelled'
  | 'operation-failed';

/** A request that could not be carried out. */
export class ManagerError extends ScoriaError<ManagerErrorCode> {}
