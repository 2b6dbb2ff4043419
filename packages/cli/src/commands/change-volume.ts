import type { Accepted, OperationPlan } from '@scoria/manager';
import type { VolumeRecord } from '@scoria/store';
import type { Globals } from '../globals.js';
import { volumeFields } from '../output/json.js';
import { printPlan } from '../plans.js';
import type { Session } from '../session.js';
import { inChangingSession } from '../session.js';

interface VolumeChange {
  plan(session: Session): Promise<OperationPlan>;
  change(session: Session): Promise<Accepted<VolumeRecord>>;
  /** The state to show at the end, where the record is gone. */
  readonly ends?: string;
}

/** Changes a volume and shows it as it is afterwards, or shows only what would be done. */
export async function changeVolume(
  globals: Globals,
  { dryRun = false }: { readonly dryRun?: boolean },
  operation: VolumeChange,
): Promise<void> {
  await inChangingSession(globals, async (session) => {
    if (dryRun) {
      if (!printPlan(session.printer, await operation.plan(session))) process.exitCode = 1;
      return;
    }
    const { done } = await operation.change(session);
    const fields = volumeFields(await done);
    session.printer.object(operation.ends === undefined ? fields : { ...fields, status: operation.ends });
  });
}
