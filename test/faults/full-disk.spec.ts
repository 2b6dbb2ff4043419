import { KIB, MIB } from '@scoria/core';
import type { CrashOperation } from '../crash/operations.js';
import { OPERATIONS } from '../crash/operations.js';
import type { BaseFormat } from '../crash/scene.js';
import { Stage } from '../crash/stage.js';
import { CrashCase } from '../crash/crash-case.js';
import { someOf } from '../support/some-of.js';
import { SmallDisk } from '../support/small-disk.js';
import { expectError, FaultyOperation } from './faulty-operation.js';

/** What is left on the disk when the operation begins; each operation is tried with more until it succeeds. */
const LEFT = [0, 4, 8, 12, 32, 64, 200, 264, 328, 584, 1100, 1700, 2500].map((kib) => kib * KIB);

/** The last is room enough for anything. */
const ENOUGH = LEFT.at(-1)!;

function levels(): number[] {
  return [0, ...someOf(LEFT.slice(1, -1), 0.15), ENOUGH];
}

const OPTIONS = { max_over_subscription_ratio: 1000 };

interface Rounds {
  failed: number;
  /** What had to be left for it to succeed. */
  needed: number;
}

async function tryWithMoreAndMore(disk: SmallDisk, operation: FaultyOperation): Promise<Rounds> {
  let failed = 0;
  for (const left of levels()) {
    await using on = await operation.start();
    await disk.fill(left);
    const error = await operation.failure(on);
    if (error === undefined) {
      expect(await operation.missing()).toEqual([]);
      return { failed, needed: left };
    }
    failed += 1;
    expectError(error, 'no-space', /full|no space left|bytes/i);
    expect({ left, damage: await operation.damage() }).toEqual({ left, damage: [] });
    await disk.empty();
    await operation.run(on);
    expect({ left, missing: await operation.missing() }).toEqual({ left, missing: [] });
  }
  throw new Error('it does not succeed with room left either');
}

/** Chains are qcow2 in any case: only these work on the volume's own file. */
const ON_BASES = ['create volume', 'clone', 'first snapshot', 'delete only snapshot', 'extend', 'manage'];

const SETS: readonly { readonly format: BaseFormat; readonly operations: readonly CrashOperation[] }[] = [
  { format: 'raw', operations: OPERATIONS },
  { format: 'qcow2', operations: OPERATIONS.filter(({ name }) => ON_BASES.includes(name)) },
];

describe.each(SETS)('a full disk, $format volumes', ({ format, operations }) => {
  let stage: Stage;
  let disk: SmallDisk;
  const table: string[] = [];
  beforeAll(async () => {
    disk = await SmallDisk.mount(24 * MIB);
    stage = await Stage.open(format);
  });
  afterAll(async () => {
    await disk[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    console.log(table.join('\n'));
  });
  afterEach(() => disk.empty());

  it.each(operations)('is told, and nothing is changed: $name', async (operation) => {
    const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), disk.path, {
      options: OPTIONS,
    });
    const { failed, needed } = await tryWithMoreAndMore(disk, faulty);
    await faulty.clear();
    table.push(
      `${operation.name.padEnd(40)} failed ${String(failed)} times, done with ${String(needed / KIB)} KiB left`,
    );
  });
});
