/** What is measured, and with whom it is compared. */
export interface BenchOptions {
  readonly directory: string;
  readonly rounds: number;
  readonly depth: number;
  readonly gib: number;
  readonly peer: boolean;
  readonly bare: boolean;
}
