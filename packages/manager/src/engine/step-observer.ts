/** Is told of each step of each operation, and awaited: where tests end the process. */
export interface StepObserver {
  /** @param step the driver's or the operation's own name of it; also `accepted` and `ending` */
  onStep(operation: { readonly id: string; readonly kind: string }, step: string): void | Promise<void>;
}
export const StepObserver = Symbol.for('scoria.StepObserver');

/** Nobody watches. */
export const noObserver: StepObserver = { onStep: () => undefined };
