/** What may be told of a call that takes long, and how to end it. */
export interface LongCall {
  /** `done` of `total`, in the units of librbd (objects); may be called often. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the call with `cancelled` at the next progress; what it has done so far stays done and can be repeated. */
  readonly signal?: AbortSignal;
}
