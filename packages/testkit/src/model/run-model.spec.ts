import { KIB } from '@scoria/core';
import type { OperationContext, Snapshot } from '@scoria/core';
import { injectable, injectFromBase } from 'inversify';
import { FullMemoryDriver } from '../memory-driver/full-memory-driver.js';
import { memoryHarness, memoryPlugin, plainMemoryPlugin } from '../memory-driver/memory-plugin.js';
import { nameOf } from '../memory-driver/memory-driver.js';
import { runModel } from './run-model.js';

const SMALL = { volumeBytes: 16 * KIB, sequences: 30, steps: 25 };

describe('runModel', () => {
  it('finds nothing wrong with a right driver', async () => {
    const report = await runModel(memoryHarness(), { ...SMALL, seed: 1 });
    expect(report).toMatchObject({ seed: 1, sequences: 30 });
    expect(report.steps).toBeGreaterThan(200);
  });

  it('leaves out what the driver cannot do', async () => {
    await expect(runModel(memoryHarness(plainMemoryPlugin), { ...SMALL, seed: 2 })).resolves.toBeDefined();
  });

  it('tells the shortest way to what is wrong, and how to repeat it', async () => {
    /** Deletes a snapshot as the 2014 drivers did: the next newer one reads the deleted one's data. */
    @injectable()
    @injectFromBase({ extendConstructorArguments: true })
    class Corrupting extends FullMemoryDriver {
      override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
        const snapshots = this.array.volumes.get(nameOf(snapshot.volume))?.snapshots;
        const ids = [...(snapshots?.keys() ?? [])];
        const newer = ids[ids.indexOf(snapshot.id) + 1];
        const bytes = snapshots?.get(snapshot.id);
        await super.deleteSnapshot(context, snapshot);
        if (newer !== undefined && bytes !== undefined) snapshots?.set(newer, bytes);
      }
    }
    const harness = memoryHarness({ ...memoryPlugin, driver: Corrupting });
    const fail = async (shrink: boolean): Promise<string> => {
      const error: unknown = await runModel(harness, { ...SMALL, seed: 3, shrink }).catch(
        (reason: unknown) => reason,
      );
      return (error as Error).message;
    };
    const message = await fail(true);
    expect(message).toMatch(/seed 3/);
    expect(message).toMatch(/1\. create V1\n/);
    expect(message).toMatch(/5\. delete S\d+ of V1\n.*: S\d+ of V1: /);
    expect(message.split('\n').length).toBeLessThan(12);
    expect(await fail(false)).toBe(await fail(false));
  }, 60_000);
});
