import { messageOf, type Logger } from '@scoria/core';
import type { CapacityReader } from './capacity.js';
import type { ShareSpace } from './placement.js';
import type { Share } from './share.js';
import type { ShareWatch } from './share-watch.js';

/** What {@link measureShares} works with. */
export interface Measuring {
  readonly capacities: CapacityReader;
  /** What the volumes on a share promise, in bytes. */
  readonly provisioned: (share: Share) => number | Promise<number>;
  readonly logger: Logger;
  /** Leaves a share out as soon as it hangs. */
  readonly watch: Pick<ShareWatch, 'runOn'>;
}

/**
 * The room on each share now, in the order of `shares`. A share that cannot be measured is left out with a warning:
 * nothing can be placed on it.
 */
export async function measureShares(shares: readonly Share[], tools: Measuring): Promise<ShareSpace[]> {
  const spaces = await Promise.all(shares.map((share) => measure(share, tools)));
  return spaces.flat();
}

async function measure(share: Share, tools: Measuring): Promise<ShareSpace[]> {
  const { capacities, provisioned, logger, watch } = tools;
  try {
    return await watch.runOn([share.share], async () => {
      const capacity = await capacities.read(share);
      return [{ share, capacity, provisionedBytes: await provisioned(share) }];
    });
  } catch (error) {
    logger.warn(`the share ${share.share} is left out: ${messageOf(error)}`, { share: share.share });
    return [];
  }
}
