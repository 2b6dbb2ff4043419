/** What is measured, and with whom it is compared. */
export interface BenchOptions {
  readonly directory: string;
  readonly rounds: number;
  readonly depth: number;
  readonly gib: number;
  readonly peer: boolean;
  /** A program that runs the same rounds with another driver, glusterfs only. */
  readonly peerProgram?: string;
  readonly bare: boolean;
}
