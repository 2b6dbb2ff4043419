import type { Accepted, OperationPlan } from '@scoria/manager';
import type { SnapshotRecord } from '@scoria/store';
import type { Globals } from '../globals.js';
import { snapshotFields } from '../output/json.js';
import { printPlan } from '../plans.js';
import type { Session } from '../session.js';
import { inChangingSession } from '../session.js';

interface SnapshotChange {
  plan(session: Session): Promise<OperationPlan>;
  change(session: Session): Promise<Accepted<SnapshotRecord>>;
  /** The state to show at the end, where the record is gone. */
  readonly ends?: string;
}

/** Makes or deletes a snapshot and shows it, or shows only what would be done. */
export async function changeSnapshot(
  globals: Globals,
  dryRun: boolean,
  operation: SnapshotChange,
): Promise<void> {
  await inChangingSession(globals, async (session) => {
    if (dryRun) {
      if (!printPlan(session.printer, await operation.plan(session))) process.exitCode = 1;
      return;
    }
    const { done } = await operation.change(session);
    const fields = snapshotFields(await done);
    session.printer.object(operation.ends === undefined ? fields : { ...fields, status: operation.ends });
  });
}
