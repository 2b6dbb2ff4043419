import { DriverOptions } from '@scoria/core';
import type { BackendStats, Flattening, PoolStats } from '@scoria/core';
import type { PoolUsage } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { FlattenStates } from '../background/flatten-states.js';
import type { Connected } from '../cluster/rbd-connection.js';
import { RbdConnection } from '../cluster/rbd-connection.js';
import type { RbdOptions } from '../options.js';
import { ProvisionedBytes } from './provisioned.js';

/** What the pool has to offer. */
@injectable()
export class PoolStatistics {
  constructor(
    @inject(RbdConnection) private readonly connection: RbdConnection,
    @inject(ProvisionedBytes) readonly provisioned: ProvisionedBytes,
    @inject(FlattenStates) private readonly flattenStates: FlattenStates,
    @inject(DriverOptions) private readonly options: RbdOptions,
  ) {}

  /** @throws DriverError `unavailable` while the cluster does not answer */
  async read(): Promise<BackendStats> {
    const { reserved_percentage, max_over_subscription_ratio, rbd_pool } = this.options;
    return this.connection.use('ask for statistics', async (connected) => {
      const [usage, provisionedBytes, flattenings] = await Promise.all([
        connected.cluster.poolUsage(rbd_pool),
        this.provisioned.sum(connected.pool),
        this.flattenStates.read(connected.pool),
      ]);
      const room = roomIn(usage);
      return {
        vendorName: 'Scoria',
        storageProtocol: 'rbd',
        pools: [
          {
            name: rbd_pool,
            ...room,
            totalBytes: (await this.#staticTotal(connected, usage)) ?? room.totalBytes,
            provisionedBytes,
            reservedPercentage: reserved_percentage,
            maxOverSubscriptionRatio: max_over_subscription_ratio,
            thinProvisioning: true,
            flattening: countOf([...flattenings.values()]),
          },
        ],
      };
    });
  }

  /** The size of the whole cluster, where that is asked for and no quota says less. */
  async #staticTotal({ cluster }: Connected, { quotaBytes }: PoolUsage): Promise<number | undefined> {
    if (this.options.report_dynamic_total_capacity || quotaBytes !== undefined) return undefined;
    const answer = (await cluster.command({ prefix: 'df', format: 'json' })) as
      { stats?: { total_bytes?: unknown } } | undefined;
    const total = answer?.stats?.total_bytes;
    return typeof total === 'number' ? total : undefined;
  }
}

function countOf(flattenings: readonly Flattening[]): NonNullable<PoolStats['flattening']> {
  const running = flattenings.filter(({ state }) => state === 'running').length;
  return { running, waiting: flattenings.length - running };
}

/** Total and free room of a pool, in bytes. */
export function roomIn({ storedBytes, availableBytes, quotaBytes }: PoolUsage): {
  readonly totalBytes: number;
  readonly freeBytes: number;
} {
  if (quotaBytes === undefined) {
    return { totalBytes: availableBytes + storedBytes, freeBytes: availableBytes };
  }
  return {
    totalBytes: quotaBytes,
    freeBytes: Math.max(0, Math.min(quotaBytes - storedBytes, availableBytes)),
  };
}
