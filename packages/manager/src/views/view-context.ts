import type { OperationContext } from '@scoria/core';
import { createContext, Logger } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../requests.js';

/** Contexts for driver calls that change nothing, and are no operations of their own. */
@injectable()
export class ViewContexts {
  constructor(@inject(Logger) private readonly logger: Logger) {}

  of({ requestId = `req-${randomUUID()}`, signal }: Caller): OperationContext {
    const logger = this.logger.child({ requestId });
    return createContext({ requestId, logger, ...(signal === undefined ? {} : { signal }) });
  }
}
