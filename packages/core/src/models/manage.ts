/** How an operator names something that is on the backend already: `{ 'source-name': 'pool/image' }`. */
export type ManageReference = Readonly<Record<string, string>>;

/** One entry of what could be taken over, with the reason if it cannot. */
export interface ManageableEntry {
  readonly reference: ManageReference;
  readonly sizeBytes?: number;
  readonly safeToManage: boolean;
  /** Why it is not safe; '' where it is. */
  readonly reason: string;
}

/** One snapshot of what could be taken over. */
export interface ManageableSnapshot extends ManageableEntry {
  /** What it is a snapshot of, named as a volume to be managed would be. */
  readonly source: ManageReference;
  /** The volume it is a snapshot of, where that is managed. */
  readonly volumeId?: string;
}

/** A snapshot found on a backend that another program has written. */
export interface AdoptableSnapshot {
  readonly id: string;
  readonly sizeBytes: number;
  readonly providerMetadata: Readonly<Record<string, string>>;
}

/**
 * A volume found on a backend that another program has written, with the ids it had there. It can be
 * adopted when `problems` is empty.
 */
export interface AdoptableVolume {
  readonly id: string;
  readonly sizeBytes: number;
  readonly providerLocation: string;
  readonly providerMetadata: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly snapshots: readonly AdoptableSnapshot[];
  /** Why it cannot be adopted, for a person; each names the file and what to do. */
  readonly problems: readonly string[];
  /** What adopting would change on the backend; empty where nothing has to change. */
  readonly changes: readonly string[];
}
