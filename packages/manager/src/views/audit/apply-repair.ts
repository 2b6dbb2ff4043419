import type { Store } from '@scoria/store';
import { wrongCounters } from './quota-usage.js';
import type { Repair } from './repair.js';

type RecordRepair = Extract<Repair, { kind: 'mark-volume' | 'mark-snapshot' | 'recount' }>;

/** Raised to end a transaction without a change. */
class Overtaken extends Error {}

/**
 * Puts records right, each in one transaction that finds out first whether the object is still as it was judged and
 * nothing works on it.
 * @returns what was done, or undefined where it was overtaken
 */
export async function applyRepair(store: Store, repair: RecordRepair): Promise<string | undefined> {
  switch (repair.kind) {
    case 'mark-volume':
      return markVolume(store, repair);
    case 'mark-snapshot':
      return markSnapshot(store, repair);
    case 'recount':
      return recount(store, repair.projectId);
  }
}

async function markVolume(
  store: Store,
  { volume, to, reason }: Extract<Repair, { kind: 'mark-volume' }>,
): Promise<string | undefined> {
  const done = await unlessOvertaken(() =>
    store.transaction(async (records) => {
      await records.lockClaimed([{ kind: 'volume', id: volume.id, mode: 'exclusive' }]);
      const now = await records.getVolume(volume.id);
      if (now?.updatedAt !== volume.updatedAt) throw new Overtaken();
      if (!(await records.changeVolume(volume.id, [volume.status], { status: to, statusReason: reason }))) {
        throw new Overtaken();
      }
      if ((await records.operationsHolding('volume', volume.id)).length > 0) throw new Overtaken();
    }),
  );
  return done ? `set the status of volume ${volume.id} from ${volume.status} to ${to}` : undefined;
}

async function markSnapshot(
  store: Store,
  { snapshot, to, reason }: Extract<Repair, { kind: 'mark-snapshot' }>,
): Promise<string | undefined> {
  const { id, status } = snapshot;
  const done = await unlessOvertaken(() =>
    store.transaction(async (records) => {
      await records.lockClaimed([{ kind: 'snapshot', id, mode: 'exclusive' }]);
      const now = await records.getSnapshot(id);
      if (now?.updatedAt !== snapshot.updatedAt) throw new Overtaken();
      if (!(await records.changeSnapshot(id, [status], { status: to, statusReason: reason }))) {
        throw new Overtaken();
      }
      if ((await records.operationsHolding('snapshot', id)).length > 0) throw new Overtaken();
    }),
  );
  return done ? `set the status of snapshot ${id} from ${status} to ${to}` : undefined;
}

async function recount(store: Store, projectId: string): Promise<string | undefined> {
  const changed = await store.transaction(async (records) => {
    const wrong = await wrongCounters(records, projectId);
    for (const { resource, inUse, expected } of wrong) {
      await records.addQuotaUsage(projectId, resource, expected - inUse);
    }
    return wrong.map(
      ({ resource, inUse, expected }) => `${resource} from ${String(inUse)} to ${String(expected)}`,
    );
  });
  return changed.length === 0 ? undefined : `set the counters of project ${projectId}: ${changed.join(', ')}`;
}

async function unlessOvertaken(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Overtaken) return false;
    throw error;
  }
}
