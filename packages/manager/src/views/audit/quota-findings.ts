import type { Store } from '@scoria/store';
import type { Finding } from './repair.js';

/** Counters that are not what the rows add up to. Each project is read in one transaction, so that both agree. */
export async function quotaFindings(store: Store): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const projectId of await store.listProjects()) {
    findings.push(...(await store.transaction((records) => projectFindings(records, projectId))));
  }
  return findings;
}

async function projectFindings(
  records: Pick<Store, 'countQuotaUsage' | 'quotaUsage'>,
  projectId: string,
): Promise<Finding[]> {
  const counted = await records.countQuotaUsage(projectId);
  const wrong = (await records.quotaUsage(projectId)).filter(
    ({ resource, inUse }) => inUse !== counted[resource],
  );
  return wrong.map(({ resource, inUse }): Finding => {
    const unit = resource === 'gigabytes' ? ' bytes' : '';
    return {
      finding: {
        kind: 'quota',
        resourceKind: 'quota',
        id: projectId,
        name: resource,
        problem: `the counter says ${String(inUse)}${unit}, and there are ${String(counted[resource])}${unit}`,
        repair: 'set the counter to what there is',
      },
      repair: { kind: 'recount', projectId },
    };
  });
}
