import type { QuotaResource, QuotaUsage, Records } from '@scoria/store';
import { QUOTA_RESOURCES } from '@scoria/store';
import type { ExtendVolumeParameters } from '../../operations/extend-volume.js';
import { everyOperation } from '../every-page.js';

/** A counter and what it should be. */
export interface CountedUsage extends QuotaUsage {
  readonly expected: number;
}

/**
 * The counters of a project that are off. Within a transaction: the counters are locked first, so that no other
 * transaction is between changing rows and counting them.
 */
export async function wrongCounters(records: Records, projectId: string): Promise<CountedUsage[]> {
  for (const resource of QUOTA_RESOURCES) await records.addQuotaUsage(projectId, resource, 0);
  const counted = await records.countQuotaUsage(projectId);
  const promised: Partial<Record<QuotaResource, number>> = { gigabytes: await growth(records, projectId) };
  const usage = await records.quotaUsage(projectId);
  return usage
    .map((one) => ({ ...one, expected: counted[one.resource] + (promised[one.resource] ?? 0) }))
    .filter(({ inUse, expected }) => inUse !== expected);
}

/** What volumes are growing by now: counted when that was accepted, and in their rows when it is done. */
async function growth(records: Records, projectId: string): Promise<number> {
  const running = await everyOperation(records, { outcome: 'running' });
  return running
    .filter(({ kind }) => kind === 'extend-volume')
    .map(({ parameters }) => parameters as unknown as ExtendVolumeParameters)
    .filter((parameters) => parameters.projectId === projectId)
    .reduce((sum, { sizeBytes, newSizeBytes }) => sum + newSizeBytes - sizeBytes, 0);
}
