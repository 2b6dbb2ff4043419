import type { Store } from '@scoria/store';
import { wrongCounters } from './quota-usage.js';
import type { CountedUsage } from './quota-usage.js';
import type { Finding } from './repair.js';

/** Counters that are not what the rows add up to. */
export async function quotaFindings(store: Store): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const projectId of await store.listProjects()) {
    const wrong = await store.transaction((records) => wrongCounters(records, projectId));
    findings.push(...wrong.map((usage) => findingOf(projectId, usage)));
  }
  return findings;
}

function findingOf(projectId: string, { resource, inUse, expected }: CountedUsage): Finding {
  const unit = resource === 'gigabytes' ? ' bytes' : '';
  return {
    finding: {
      kind: 'quota',
      resourceKind: 'quota',
      id: projectId,
      name: resource,
      problem: `the counter says ${String(inUse)}${unit}, and there are ${String(expected)}${unit}`,
      repair: 'set the counter to what there is',
    },
    repair: { kind: 'recount', projectId },
  };
}
