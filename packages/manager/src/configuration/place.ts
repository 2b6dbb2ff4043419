/** Where something stands in a file; lines and columns begin at 1. */
export interface Place {
  readonly line: number;
  readonly column?: number;
}
