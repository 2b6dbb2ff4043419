import { createContext, isDriverError } from '@scoria/core';
import type { OperationContext } from '@scoria/core';

/** The same context for what must not be left half done; its steps still have their time limits. */
export function uncancellable(context: OperationContext): OperationContext {
  return {
    ...context,
    ...createContext({ requestId: context.requestId, logger: context.logger }),
    progress: (progress) => context.progress(progress),
    step: async (name) => {
      try {
        await context.step(name);
      } catch (error) {
        if (!isDriverError(error, 'cancelled')) throw error;
      }
    },
  };
}
