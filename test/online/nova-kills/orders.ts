/** What a manager's process is told when it begins. */
export interface ManagerStart {
  /** Where its configuration is. */
  readonly directory: string;
  /** Where it answers HTTP; Nova has the address in its catalog. */
  readonly port: number;
}

/** What a manager is told to do; what its answer is. */
export type ManagerOrder =
  | { readonly do: 'create-volume' }
  | { readonly do: 'attach'; readonly volume: string; readonly instance: string }
  | { readonly do: 'detach'; readonly attachment: string }
  | { readonly do: 'delete-volume'; readonly volume: string }
  | { readonly do: 'create-snapshot'; readonly volume: string; readonly name: string }
  | { readonly do: 'delete-snapshot'; readonly snapshot: string }
  | { readonly do: 'look'; readonly volume: string }
  /** The first bytes, as text. */
  | {
      readonly do: 'read';
      readonly kind: 'volume' | 'snapshot';
      readonly id: string;
      readonly length: number;
    };

/** What there is of a volume. */
export interface ManagerLook {
  /** What runs still, and why it has not ended. */
  readonly running: readonly string[];
  readonly snapshots: readonly { readonly id: string; readonly name: string; readonly status: string }[];
  /** The file that the records name for a guest that is started again. */
  readonly file: string;
}
