export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** Sizes in the contract are bytes and a multiple of this, the sector every format here counts in. */
export const SECTOR_BYTES = 512;

/** Bytes as GiB, rounded up: what the API shows of a volume whose size is no whole number of GiB. */
export function toGiB(bytes: number): number {
  return Math.ceil(bytes / GIB);
}

export function fromGiB(gib: number): number {
  return gib * GIB;
}

/** Why `bytes` cannot be a volume's size, or `undefined` if it can. */
export function sizeProblem(bytes: number): string | undefined {
  if (!Number.isSafeInteger(bytes)) return `${String(bytes)} is not a whole number of bytes`;
  if (bytes <= 0) return `${String(bytes)} is not more than 0 bytes`;
  if (bytes % SECTOR_BYTES !== 0)
    return `${String(bytes)} bytes is not a multiple of ${String(SECTOR_BYTES)}`;
  return undefined;
}
