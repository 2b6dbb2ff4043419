import { DriverError, GIB, type PoolStats } from '@scoria/core';
import type { Capacity } from './capacity.js';
import type { Share } from './share.js';

/** A share with what is known of its room. */
export interface ShareSpace {
  readonly share: Share;
  readonly capacity: Capacity;
  /** What the volumes on it promise, thin ones in full. */
  readonly provisionedBytes: number;
}

/** How much of a share may be given out. */
export interface PlacementPolicy {
  /** Percent of a share's total that is never given out. */
  readonly reservedPercentage: number;
  /** How much more than the total thin volumes may promise; 1 is nothing more. */
  readonly maxOverSubscriptionRatio: number;
  /** New volumes take up room only as they are written. */
  readonly thin: boolean;
}

/**
 * The largest volume that the share can take, in bytes. A thick one must fit into what is free without the reserve.
 * A thin one may be larger by the ratio, in all and for itself, but there must be something free.
 */
export function roomFor({ capacity, provisionedBytes }: ShareSpace, policy: PlacementPolicy): number {
  const { totalBytes, freeBytes } = capacity;
  const free = Math.max(0, Math.floor(freeBytes - (totalBytes * policy.reservedPercentage) / 100));
  if (!policy.thin) return free;
  const ratio = policy.maxOverSubscriptionRatio;
  const promisable = Math.floor(totalBytes * ratio) - provisionedBytes;
  return Math.max(0, Math.min(promisable, Math.floor(free * ratio)));
}

/**
 * The share for a new volume of `sizeBytes`: of those that can take it, the one with the most free space; of equals,
 * the first.
 * @throws DriverError `unavailable` if there is no share at all
 * @throws DriverError `no-space` if none can take it: names the largest that could be made
 */
export function chooseShare(
  spaces: readonly ShareSpace[],
  sizeBytes: number,
  policy: PlacementPolicy,
): Share {
  if (spaces.length === 0) throw noShare();
  const fitting = spaces.filter((space) => roomFor(space, policy) >= sizeBytes);
  const [first, ...others] = fitting;
  if (first === undefined) throw noRoom(spaces, sizeBytes, policy);
  return others.reduce((best, space) => (isRoomier(space, best) ? space : best), first).share;
}

function isRoomier(space: ShareSpace, than: ShareSpace): boolean {
  return space.capacity.freeBytes > than.capacity.freeBytes;
}

/** One pool for each share, named after it. */
export function poolStats(spaces: readonly ShareSpace[], policy: PlacementPolicy): PoolStats[] {
  return spaces.map(({ share, capacity, provisionedBytes }) => ({
    name: share.share,
    totalBytes: capacity.totalBytes,
    freeBytes: capacity.freeBytes,
    provisionedBytes,
    reservedPercentage: policy.reservedPercentage,
    maxOverSubscriptionRatio: policy.maxOverSubscriptionRatio,
    thinProvisioning: policy.thin,
  }));
}

/**
 * The error of a backend of which no share can be used.
 * @param problems what is wrong with each, as far as it is known
 * @param consequence what cannot be done
 */
export function noShare(
  problems: ReadonlyMap<string, string> = new Map<string, string>(),
  consequence = 'there is no place for a volume',
): DriverError {
  const reasons = [...problems].map(([share, problem]) => `${share}: ${problem}`);
  return new DriverError({
    code: 'unavailable',
    message: `no share can be used, so ${consequence}: ${reasons.join('; ') || 'the log says what is wrong with each'}`,
    details: { shares: [...problems.keys()] },
  });
}

function noRoom(spaces: readonly ShareSpace[], sizeBytes: number, policy: PlacementPolicy): DriverError {
  const rooms = spaces.map((space) => ({ space, room: roomFor(space, policy) }));
  const largest = rooms.reduce((best, each) => (each.room > best.room ? each : best));
  const { share, capacity } = largest.space;
  return new DriverError({
    code: 'no-space',
    message:
      `no share has room for ${bytes(sizeBytes)}; the largest volume that fits is ${bytes(largest.room)}, on ` +
      `${share.share} (${bytes(capacity.freeBytes)} free of ${bytes(capacity.totalBytes)}, ` +
      `${bytes(largest.space.provisionedBytes)} promised, ${String(policy.reservedPercentage)} % reserved)`,
    details: { sizeBytes, largestBytes: largest.room, share: share.share, freeBytes: capacity.freeBytes },
  });
}

/** Rounded down: nobody should read a size that does not fit. */
function bytes(count: number): string {
  return `${String(count)} bytes (${(Math.floor((count / GIB) * 10) / 10).toFixed(1)} GiB)`;
}
