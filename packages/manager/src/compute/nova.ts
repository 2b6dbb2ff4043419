import type { ComputeApi, Clock } from '@scoria/core';
import type { SnapshotReports } from '@scoria/compute';
import type { Configuration } from '../configuration.js';
import { LazyCompute } from './lazy-compute.js';

export interface NovaPorts {
  readonly clock: Clock;
  readonly reports: SnapshotReports;
}

/**
 * What asks Nova to change the chains of its guests, for attachments that name an instance; `undefined` where the
 * configuration has no compute service. Made when it is needed first: few commands need its HTTP client.
 */
export function novaComputeOf(
  { nova }: Pick<Configuration, 'nova'>,
  ports: NovaPorts,
): ComputeApi | undefined {
  if (nova === undefined) return undefined;
  return new LazyCompute(async () => {
    const { createNovaCompute } = await import('@scoria/compute');
    return createNovaCompute(nova, ports);
  });
}
