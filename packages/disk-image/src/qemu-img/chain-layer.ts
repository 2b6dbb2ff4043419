/** Formats a layer of a volume's chain may have. */
export type ChainFormat = 'raw' | 'qcow2';

/**
 * One file of a volume's chain, as the records say it is: neither the name nor the format is ever read from
 * another file's header. Chains are lists of layers, the active one first and the base last.
 */
export interface ChainLayer {
  /** Absolute. */
  readonly path: string;
  readonly format: ChainFormat;
}
