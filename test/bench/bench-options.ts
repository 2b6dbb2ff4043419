/** What is measured, and with whom it is compared. */
export interface BenchOptions {
  /** Where to work; '' for areas that need no directory. */
  readonly directory: string;
  /** Of the Ceph cluster that is measured; one of its own is started unless told, rbd only. */
  readonly confFile?: string;
  /** rbd only. */
  readonly pool: string;
  readonly rounds: number;
  readonly depth: number;
  readonly gib: number;
  readonly peer: boolean;
  /** A program that runs the same rounds with another driver; glusterfs and rbd only. */
  readonly peerProgram?: string;
  readonly bare: boolean;
}
