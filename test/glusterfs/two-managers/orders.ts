/** How a manager starts on its host. */
export interface HostStart {
  /** Where its configuration is, and its records unless told. */
  readonly directory: string;
  /** The records that it has with others. */
  readonly databaseUrl?: string;
}

/** What a manager is told to do. */
export type HostOrder =
  | { readonly do: 'create-volume'; readonly name: string }
  | { readonly do: 'delete-volume'; readonly volume: string }
  | { readonly do: 'clone'; readonly volume: string; readonly name: string }
  | { readonly do: 'snapshot'; readonly volume: string; readonly name: string }
  | { readonly do: 'delete-snapshot'; readonly snapshot: string }
  | { readonly do: 'write'; readonly volume: string; readonly write: Write }
  /** The digest of the first bytes. */
  | {
      readonly do: 'digest';
      readonly kind: 'volume' | 'snapshot';
      readonly id: string;
      readonly length: number;
    }
  | { readonly do: 'adopt' }
  | { readonly do: 'manage'; readonly file: string; readonly name: string }
  | { readonly do: 'audit' }
  | { readonly do: 'look' };

export interface Write {
  readonly offset: number;
  readonly length: number;
  readonly byte: number;
}

/** What a manager has in its records. */
export interface HostLook {
  readonly running: readonly string[];
  readonly volumes: readonly { readonly id: string; readonly status: string }[];
  readonly snapshots: readonly { readonly id: string; readonly status: string }[];
}
