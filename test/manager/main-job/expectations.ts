import type { ManagerEvent } from '@scoria/manager';
import type { OperationRecord } from '@scoria/store';
import type { JobStage } from './job-stage.js';
import { CALLER } from './job-stage.js';

/** Its beginning, its steps, each with progress that only grows, its end; the last step is the one in its row. */
export function expectToldInOrder(
  events: readonly ManagerEvent[],
  { id, kind, step, outcome }: OperationRecord,
): void {
  const own = events.filter(({ operationId }) => operationId === id);
  const between = own.slice(1, -1);
  expect(own[0]).toMatchObject({ type: 'operation-started', operation: kind });
  expect(own.at(-1)).toMatchObject({ type: 'operation-ended', operation: kind, outcome });
  const types = new Set(between.map(({ type }) => type));
  types.delete('operation-step');
  types.delete('operation-progress');
  expect([...types]).toEqual([]);
  expect(between.filter(({ type }) => type === 'operation-step').at(-1)?.step).toBe(step);
  for (const done of progressOfSteps(between)) expect(done).toEqual([...done].sort((a, b) => a - b));
}

/** What was reported as done in each step. */
function progressOfSteps(events: readonly ManagerEvent[]): number[][] {
  const steps: number[][] = [[]];
  for (const { type, done } of events) {
    if (type === 'operation-step') steps.push([]);
    if (done !== undefined) steps.at(-1)?.push(done);
  }
  return steps;
}

/** Restarts the manager. @throws where its records are not what they were */
export async function restartedUnchanged(stage: JobStage): Promise<void> {
  const before = await recordsOf(stage);
  await stage.restart();
  expect(await recordsOf(stage)).toEqual(before);
}

async function recordsOf({ manager }: JobStage): Promise<unknown> {
  return {
    volumes: await manager.listVolumes(CALLER),
    snapshots: await manager.listSnapshots(CALLER),
    operations: await manager.listOperations(),
    quota: await manager.quota(CALLER.projectId),
  };
}
