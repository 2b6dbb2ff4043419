import type { OperationContext, Snapshot, Volume } from '@scoria/core';
import { createContext, MIB } from '@scoria/core';
import { deferred, makeSnapshot, makeVolume, openAndRead, openAndWrite, patternBytes } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import type { RbdBackend } from '../rbd-backend.js';

export const SIZE = 8 * MIB;
const CHANGED = 4 * MIB;

/** What there is before the trouble, and the records of all that comes to be: more than the pool has, never less. */
export interface Records {
  readonly volumes: Volume[];
  readonly snapshots: Snapshot[];
  /** Volumes that nobody writes to: they have {@link contents}(1) whatever happens. */
  readonly untouched: Volume[];
  /** One that is reverted from {@link contents}(2) to {@link contents}(1): it has one of these, and no mixture. */
  readonly reverted: Volume;
}

export interface Operation {
  readonly name: string;
  run(context: OperationContext): Promise<unknown>;
}

export function contents(seed: number): Buffer {
  return patternBytes(seed, SIZE);
}

/** Volumes and snapshots, and operations of every kind on them that are in nobody's way. */
export async function prepare(backend: RbdBackend): Promise<{ records: Records; operations: Operation[] }> {
  const source = await backend.createVolume(SIZE);
  await backend.write(source, 0, contents(1));
  const snapshots = [await backend.snapshot(source), await backend.snapshot(source)] as const;
  const doomed = [await backend.createVolume(SIZE), await backend.clone(source)] as const;
  const reverted = await backend.clone(source);
  const back = await backend.snapshot(reverted);
  await backend.write(reverted, 0, contents(2));
  const [grown, written] = [await backend.clone(source), await backend.clone(source)];
  const made = {
    empty: makeVolume({ sizeBytes: SIZE }),
    clone: makeVolume({ sizeBytes: 2 * SIZE }),
    copy: makeVolume({ sizeBytes: 2 * SIZE }),
    snapshot: makeSnapshot(grown),
  };
  const { driver } = backend;
  const operations: Operation[] = [
    operation('create a volume', (context) => driver.createVolume(context, made.empty)),
    operation('clone', (context) => driver.createClonedVolume(context, made.clone, source)),
    operation('make a volume of a snapshot', (context) =>
      driver.createVolumeFromSnapshot(context, made.copy, snapshots[0]),
    ),
    operation('extend', (context) => driver.extendVolume(context, grown, 2 * SIZE)),
    operation('take a snapshot', (context) => driver.createSnapshot(context, made.snapshot)),
    operation('delete a snapshot', (context) => driver.deleteSnapshot(context, snapshots[1])),
    operation('delete a volume', (context) => driver.deleteVolume(context, doomed[0])),
    operation('delete a clone', (context) => driver.deleteVolume(context, doomed[1])),
    operation('revert', (context) => driver.revertToSnapshot(context, reverted, back)),
    operation('write', async (context) => {
      await context.step('write');
      await openAndWrite(driver, context, written, 0, patternBytes(3, CHANGED));
    }),
    operation('read', async (context) => {
      await context.step('read');
      await openAndRead(driver, context, source);
    }),
    operation('connect', async (context) => {
      await context.step('connect');
      await driver.initializeConnection(context, source, { host: 'guest' });
    }),
  ];
  const volumes = [source, ...doomed, reverted, grown, written, made.empty, made.clone, made.copy];
  const records: Records = {
    volumes: volumes.map((volume) => ({ ...volume, status: 'available' })),
    snapshots: [...snapshots, back, made.snapshot],
    untouched: [source],
    reverted,
  };
  return { records, operations };
}

function operation(name: string, run: Operation['run']): Operation {
  return { name, run };
}

/** An operation that stands still before one of its steps, or after its last one, until it may go on. */
export class HeldOperation {
  readonly #gate = deferred();
  readonly #reached = deferred();
  readonly ended: Promise<unknown>;
  #steps = 0;

  /** @param step counted from 1 */
  constructor(
    backend: RbdBackend,
    readonly operation: Operation,
    step: number,
  ) {
    const onStep = async (): Promise<void> => {
      this.#steps += 1;
      if (this.#steps !== step) return;
      this.#reached.resolve();
      await this.#gate.promise;
    };
    const context = createContext({ requestId: `req-${randomUUID()}`, logger: backend.logger, onStep });
    this.ended = this.#run(context);
  }

  /** It stands still, or has ended before. */
  async standsStill(): Promise<void> {
    await Promise.race([this.#reached.promise, this.ended]);
  }

  goOn(): void {
    this.#gate.resolve();
  }

  /** The error it ends with; undefined where it is done. */
  async #run(context: OperationContext): Promise<unknown> {
    try {
      await this.operation.run(context);
      return undefined;
    } catch (error) {
      return error ?? new Error('nothing was thrown');
    }
  }
}
