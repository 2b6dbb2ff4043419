import type { ManagerErrorCode } from '@scoria/manager';
import { ManagerError } from '@scoria/manager';
import type { FastifyReply } from 'fastify';

/** The names that OpenStack's clients know faults by. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  503: 'serviceUnavailable',
};

const STATUSES: Readonly<Record<ManagerErrorCode, number>> = {
  'not-found': 404,
  'ambiguous-name': 409,
  conflict: 409,
  'has-dependents': 409,
  'invalid-input': 400,
  'quota-exceeded': 413,
  'no-backend': 503,
  'backend-down': 503,
  'not-supported': 400,
  cancelled: 409,
  'operation-failed': 500,
};

/** An answer that says why not. The message is for whoever has called: it has nothing in it that is ours to keep. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'Fault';
  }
}

/** As OpenStack has it: `{"itemNotFound": {"code": 404, "message": "..."}}`. */
export async function sendFault(reply: FastifyReply, error: unknown): Promise<void> {
  const { status, message } = faultOf(error);
  const name = NAMES[status] ?? 'computeFault';
  await reply.status(status).send({ [name]: { code: status, message } });
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof ManagerError) return new Fault(STATUSES[error.code], error.message);
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (isCallers) return new Fault(statusCode, typeof message === 'string' ? message : 'the request is wrong');
  // What it is, is for the log and not for whoever has called.
  return new Fault(500, 'the request could not be carried out');
}
