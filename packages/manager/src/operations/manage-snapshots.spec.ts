import { MIB } from '@scoria/core';
import { SparseBytes } from '@scoria/testkit';
import { ManageSnapshotOperations } from './manage-snapshot-operations.js';
import { madeSnapshot, madeVolume, outcome, write } from './spec-support/acting.js';
import type { OperationProcess } from './spec-support/operation-stage.js';
import { CALLER, OperationStage } from './spec-support/operation-stage.js';

const REFERENCE = { 'source-name': 'theirs' };
const request = { volume: 'data', name: 'ours', reference: REFERENCE };

/** A snapshot that nobody here has taken, of a volume of ours. */
async function foreign(stage: OperationStage, process: OperationProcess): Promise<string> {
  const volume = await madeVolume(process);
  stage
    .array('one')
    .volumes.get(`volume-${volume}`)
    ?.snapshots.set('theirs', new SparseBytes(3 * MIB));
  return volume;
}

function managing(process: OperationProcess): ManageSnapshotOperations {
  return process.container.get(ManageSnapshotOperations);
}

async function expectQuotaRight(stage: OperationStage): Promise<void> {
  const { counted, rows } = await stage.quota();
  expect(counted).toEqual(rows);
}

describe('taking snapshots over', () => {
  it('manages one with its real size, and lets it go again', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await foreign(stage, process);
    await madeSnapshot(process, volume);
    const { initial, done } = await managing(process).manage(CALLER, request);
    expect(initial).toMatchObject({ status: 'creating', volumeId: volume });
    const snapshot = await done;
    expect(snapshot).toMatchObject({ status: 'available', sizeBytes: 3 * MIB, name: 'ours' });
    await expectQuotaRight(stage);
    const again = { ...request, reference: { 'source-name': snapshot.id } };
    expect(await outcome(managing(process).manage(CALLER, again))).toBe('conflict');
    expect(await outcome(managing(process).unmanage(CALLER, snapshot.id))).toBe('done');
    expect(stage.array('one').names()).toContain(`volume-${volume}@${snapshot.id}`);
    expect(await stage.store.listSnapshots()).toHaveLength(1);
    await expectQuotaRight(stage);
  });

  it.each([
    ['manageExistingSnapshotSize', 'before', 'snapshot-not-found', []],
    ['manageExistingSnapshot', 'before', 'already-exists', []],
    ['manageExistingSnapshot', 'after', 'failed', ['error']],
  ] as const)('when %s, %s its work, says %s, leaves %j', async (method, when, code, expected) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    await foreign(stage, process);
    process.troubles.push({ method, when, code });
    expect(await outcome(managing(process).manage(CALLER, request))).not.toBe('done');
    expect((await stage.store.listSnapshots()).map(({ status }) => status)).toEqual(expected);
    await expectQuotaRight(stage);
  });

  it.each([
    ['manageExistingSnapshotSize', 'after'],
    ['manageExistingSnapshot', 'before'],
    ['manageExistingSnapshot', 'after'],
  ] as const)('goes on when it was killed at %s, %s its work', async (method, when) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    await foreign(stage, process);
    process.troubles.push({ method, when });
    await managing(process).manage(CALLER, request);
    await process.stuck;
    await process.kill();
    await (await stage.process()).recover();
    expect(await stage.store.listSnapshots()).toMatchObject([{ status: 'available', sizeBytes: 3 * MIB }]);
    await expectQuotaRight(stage);
  });

  it.each(['before', 'after'] as const)('lets one go when it was killed %s the call', async (when) => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const snapshot = await madeSnapshot(process, await madeVolume(process));
    process.troubles.push({ method: 'unmanageSnapshot', when });
    await managing(process).unmanage(CALLER, snapshot);
    await process.stuck;
    await process.kill();
    await (await stage.process()).recover();
    expect(await stage.store.listSnapshots()).toEqual([]);
    await expectQuotaRight(stage);
  });

  it('refuses what is not on the volume, and while the volume is written to by an import', async () => {
    await using stage = await OperationStage.open();
    const process = await stage.process();
    const volume = await foreign(stage, process);
    await write(process, volume, 'text');
    const none = { ...request, reference: { 'source-name': 'none' } };
    expect(await outcome(managing(process).manage(CALLER, none))).toBe('operation-failed');
    expect(await outcome(managing(process).manage(CALLER, { ...request, reference: {} }))).toBe(
      'invalid-input',
    );
    await process.data.useVolume(CALLER, volume, 'read-write', async () => {
      expect(await outcome(managing(process).manage(CALLER, request))).toBe('conflict');
    });
    expect(await stage.store.listSnapshots()).toEqual([]);
  });
});
