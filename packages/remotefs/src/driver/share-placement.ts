import { Logger, type OperationContext, type PoolStats } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { CapacityReader } from '../shares/capacity.js';
import type { ShareSpace } from '../shares/placement.js';
import { chooseShare, noShare, poolStats, roomFor } from '../shares/placement.js';
import { measureShares } from '../shares/share-spaces.js';
import { ShareWatch } from '../shares/share-watch.js';
import type { Share } from '../shares/share.js';
import { FileVolumes } from './file-volumes.js';
import { ProvisionedBytes } from './provisioned-bytes.js';

/** Which share a new volume goes to, and what all of them have to offer. */
@injectable()
export class SharePlacement {
  constructor(
    @inject(FileVolumes) private readonly volumes: FileVolumes,
    @inject(CapacityReader) private readonly capacities: CapacityReader,
    @inject(ProvisionedBytes) private readonly provisioned: ProvisionedBytes,
    @inject(Logger) private readonly logger: Logger,
    @inject(ShareWatch) private readonly watch: ShareWatch,
  ) {}

  /**
   * @param preferred taken if it has room
   * @throws DriverError `unavailable` where no share is mounted, `no-space` where none is large enough
   */
  async choose(context: OperationContext, sizeBytes: number, preferred?: Share): Promise<Share> {
    const share = await this.preview(context, sizeBytes, preferred);
    this.provisioned.add(share, sizeBytes);
    return share;
  }

  /** What {@link choose} would choose now; errors as there. */
  async preview(context: OperationContext, sizeBytes: number, preferred?: Share): Promise<Share> {
    const { placement } = this.volumes.policy;
    const spaces = await this.#measure(context, (share) => this.provisioned.recent(share));
    const favourite = spaces.find((space) => space.share.share === preferred?.share);
    const fits = favourite !== undefined && roomFor(favourite, placement) >= sizeBytes;
    return fits ? favourite.share : chooseShare(spaces, sizeBytes, placement);
  }

  /**
   * A pool for each usable share, counted anew.
   * @throws DriverError `unavailable` where there is none
   */
  async pools(context: OperationContext): Promise<PoolStats[]> {
    const spaces = await this.#measure(context, (share) => this.provisioned.count(share));
    return poolStats(spaces, this.volumes.policy.placement);
  }

  async #measure(
    context: OperationContext,
    provisioned: (share: Share) => Promise<number>,
  ): Promise<ShareSpace[]> {
    const shares = await this.volumes.shares.available(context);
    const { capacities, logger, watch } = this;
    const spaces = await measureShares(shares, { capacities, provisioned, logger, watch });
    if (spaces.length === 0) throw noShare(this.volumes.shares.problems());
    return spaces;
  }
}
