import { injectable, multiInject } from 'inversify';
import type { AnyOperationHandler } from './operation-handler.js';
import { OperationHandlers } from './operation-handler.js';

/** The kinds of operations by their names, as a takeover finds them in rows. */
@injectable()
export class OperationHandlerRegistry {
  readonly #handlers: ReadonlyMap<string, AnyOperationHandler>;

  constructor(@multiInject(OperationHandlers) handlers: readonly AnyOperationHandler[]) {
    this.#handlers = new Map(handlers.map((handler) => [handler.kind, handler]));
  }

  /** `undefined`: a kind of a newer version. */
  find(kind: string): AnyOperationHandler | undefined {
    return this.#handlers.get(kind);
  }
}
