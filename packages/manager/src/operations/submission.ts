import { inject, injectable } from 'inversify';
import type { OperationHandler } from '../engine/operation-handler.js';
import type { Caller } from '../requests.js';
import { OperationSubmitter } from '../views/operation-submitter.js';
import type { Accepted } from '../volume-manager.js';

/** An operation that was checked and is ready to be asked for: to be submitted, or to be planned. */
export interface Prepared<P extends object, R, T> {
  readonly handler: OperationHandler<P, R>;
  readonly parameters: P;
  /** The object as it is when the operation is accepted. */
  readonly initial: T;
}

/** Submits what was prepared, and gives back the object instead of what its driver answered. */
@injectable()
export class Submission {
  constructor(@inject(OperationSubmitter) private readonly operations: OperationSubmitter) {}

  /** @param read the object from the records; where it is gone, the result is as it was at first */
  async submit<P extends object, R, T>(
    caller: Caller,
    { handler, parameters, initial }: Prepared<P, R, T>,
    read: () => Promise<T | undefined>,
  ): Promise<Accepted<T>> {
    const { operationId, done } = await this.operations.submit(handler, parameters, caller);
    const result = done.then(async () => (await read()) ?? initial);
    // A caller may leave it alone.
    result.catch(() => undefined);
    return { operationId, initial, done: result };
  }

  /** Submits, waits, and gives back what the handler did. */
  async carryOut<P extends object, R>(
    caller: Caller,
    handler: OperationHandler<P, R>,
    parameters: P,
  ): Promise<R> {
    const { done } = await this.operations.submit(handler, parameters, caller);
    return done;
  }
}
