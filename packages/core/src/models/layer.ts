/** How far a volume is with becoming independent of what it was cloned from: in the background, while it is used. */
export type Flattening =
  | { readonly state: 'waiting' }
  | {
      readonly state: 'running';
      /** From 0 to 100. */
      readonly percent: number;
    };

/** One layer of a volume's data on its backend: a file of a chain, an image of a clone tree. */
export interface VolumeLayer {
  /** What the backend calls it; no two layers of a volume have one name. */
  readonly name: string;
  /** The layer this one is on. Absent for the oldest. */
  readonly parent?: string;
  /** The size a guest would see of it, in bytes. */
  readonly sizeBytes: number;
  /** The file's format, where layers are files. */
  readonly format?: string;
  /** It is what the volume was made as, so that its format is the one that is recorded of the volume, where one is. */
  readonly isOriginal?: boolean;
  /** It becomes independent of the layers below it. Absent where nothing of the kind is to be done. */
  readonly flattening?: Flattening;
  /** The volume's data as it is now ends here. True for one layer. */
  readonly isVolume: boolean;
  /** The snapshots whose data ends here; mostly one. */
  readonly snapshotIds: readonly string[];
}
