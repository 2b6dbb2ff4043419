import { GIB } from '@scoria/core';
import type { PoolRecord } from '@scoria/store';

/** Free space that may be given out: what is free without the reserve. */
function usableBytes({ totalBytes, freeBytes, reservedPercentage }: PoolRecord): number {
  return freeBytes - Math.floor((totalBytes * reservedPercentage) / 100);
}

function isThin(pool: PoolRecord, thick: boolean): boolean {
  return pool.thinProvisioning && !thick;
}

/**
 * Why a volume does not fit into a pool, by the rules of Cinder's CapacityFilter; `undefined` where it fits. A thick
 * one must fit into what is free without the reserve. A thin one may be larger by the over-subscription ratio, as
 * long as all volumes together promise no more than the ratio allows.
 */
export function roomProblem(pool: PoolRecord, sizeBytes: number, thick: boolean): string | undefined {
  const { totalBytes, provisionedBytes, maxOverSubscriptionRatio: ratio, reservedPercentage } = pool;
  const usable = usableBytes(pool);
  if (totalBytes <= 0) return 'it reports no capacity';
  if (!isThin(pool, thick)) {
    if (usable >= sizeBytes) return undefined;
    return `${gib(sizeBytes)} do not fit into ${gib(Math.max(0, usable))} free (${String(reservedPercentage)} % reserved)`;
  }
  if (provisionedBytes + sizeBytes > totalBytes * ratio) {
    return (
      `${gib(sizeBytes)} more would promise over ${String(ratio)} times its ${gib(totalBytes)} ` +
      `(${gib(provisionedBytes)} are promised)`
    );
  }
  if (usable * ratio >= sizeBytes) return undefined;
  return (
    `${gib(sizeBytes)} do not fit into ${gib(Math.max(0, usable))} free, ${String(ratio)} times over ` +
    `(${String(reservedPercentage)} % reserved)`
  );
}

/**
 * How roomy a pool is, by the rule of Cinder's CapacityWeigher: what is free without the reserve; of a thin pool what
 * may still be promised, without the reserve. The highest is best.
 */
export function weightOf(pool: PoolRecord, thick: boolean): number {
  if (!isThin(pool, thick)) return usableBytes(pool);
  const { totalBytes, maxOverSubscriptionRatio, provisionedBytes, reservedPercentage } = pool;
  const reserve = Math.floor((totalBytes * reservedPercentage) / 100);
  return totalBytes * maxOverSubscriptionRatio - provisionedBytes - reserve;
}

/** Rounded down: nobody should read a size that does not fit. */
export function gib(bytes: number): string {
  return `${String(Math.floor((bytes / GIB) * 10) / 10)} GiB`;
}
