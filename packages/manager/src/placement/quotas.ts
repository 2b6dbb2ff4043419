import { fromGiB } from '@scoria/core';
import type { QuotaResource, QuotaUsage, Records } from '@scoria/store';
import { QUOTA_RESOURCES, Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Configuration } from '../configuration.js';
import { ManagerError } from '../errors.js';
import { gib } from './room.js';

/** How much of each a change takes; `gigabytes` in bytes. Nothing is below zero. */
export type QuotaAmounts = Partial<Readonly<Record<QuotaResource, number>>>;

type Limits = Readonly<Record<QuotaResource, number>>;

const NO_LIMIT = -1;

/** What each project may have. The counters change in the transaction of the rows they count. */
@injectable()
export class Quotas {
  readonly defaults: Limits;

  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Configuration) { quotas }: Configuration,
  ) {
    const { gigabytes } = quotas;
    this.defaults = { ...quotas, gigabytes: gigabytes < 0 ? NO_LIMIT : fromGiB(gigabytes) };
  }

  /** Usage and limits of a project. */
  async usage(projectId: string, records: Pick<Records, 'quotaUsage'> = this.store): Promise<QuotaUsage[]> {
    return records.quotaUsage(projectId, this.defaults);
  }

  /**
   * @param limit -1: none; `gigabytes` in bytes
   * @throws ManagerError `invalid-input`
   */
  async setLimit(projectId: string, resource: QuotaResource, limit: number): Promise<void> {
    if (!QUOTA_RESOURCES.includes(resource) || !Number.isSafeInteger(limit) || limit < NO_LIMIT) {
      throw new ManagerError({
        code: 'invalid-input',
        message:
          `the quota ${JSON.stringify(resource)} cannot be ${String(limit)}: it is one of ` +
          `${QUOTA_RESOURCES.join(', ')}, and a whole number, -1 for no limit`,
      });
    }
    await this.store.setQuotaLimit(projectId, resource, limit);
  }

  /**
   * Counts what is about to be made, in the transaction that makes it.
   * @throws ManagerError `quota-exceeded`: the transaction must end without a change
   */
  async reserve(records: Records, projectId: string, amounts: QuotaAmounts): Promise<void> {
    const usage = await this.usage(projectId, records);
    for (const { resource, limit, inUse } of usage) {
      const amount = amounts[resource] ?? 0;
      if (amount === 0) continue;
      const capped = limit === NO_LIMIT ? undefined : limit;
      if (await records.addQuotaUsage(projectId, resource, amount, capped)) continue;
      throw exceeded(projectId, resource, { limit, inUse, amount });
    }
  }

  /** Counts what is gone, in the transaction that removes it. */
  async release(records: Records, projectId: string, amounts: QuotaAmounts): Promise<void> {
    for (const resource of QUOTA_RESOURCES) {
      const amount = amounts[resource] ?? 0;
      if (amount !== 0) await records.addQuotaUsage(projectId, resource, -amount);
    }
  }
}

interface Excess {
  readonly limit: number;
  readonly inUse: number;
  readonly amount: number;
}

function exceeded(
  projectId: string,
  resource: QuotaResource,
  { limit, inUse, amount }: Excess,
): ManagerError {
  const isCapacity = resource === 'gigabytes';
  const show = (count: number): string => (isCapacity ? gib(count) : String(count));
  return new ManagerError({
    code: 'quota-exceeded',
    message:
      `project ${projectId} may have ${show(limit)} ${isCapacity ? 'in all' : resource}, has ${show(inUse)} and asks for ` +
      `${show(amount)} more; delete something, or raise the quota`,
    details: { projectId, resource, limit, inUse, requested: amount },
  });
}
