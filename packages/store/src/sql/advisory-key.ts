import { createHash } from 'node:crypto';

/** A 64-bit key of what is locked, as PostgreSQL's advisory locks want it. */
export function advisoryKey(...of: readonly string[]): string {
  return createHash('sha256')
    .update(`scoria ${of.join(' ')}`)
    .digest()
    .readBigInt64BE(0)
    .toString();
}
