import type { Capability, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import { makeSnapshot, makeVolume } from '../builders.js';
import { patternBytes } from '../pattern-bytes.js';
import { connectorOf } from './cases/connecting.js';
import { manageableEntry } from './cases/managing-snapshots.js';
import { referenceOf } from './cases/managing.js';
import type { Stage } from './stage.js';

/** An object and what it may read as; one possibility for whatever the operation must not touch. */
export interface Expectation {
  readonly what: string;
  readonly object: Volume | Snapshot;
  readonly mayRead: readonly Buffer[];
}

/** A call that can be stopped on its way, and what must be true then. */
export interface Scene {
  /** Calls the driver. */
  run(context: OperationContext): Promise<unknown>;
  /** What reads as before, or as afterwards where the operation is about it, whatever became of the call. */
  readonly expectations: readonly Expectation[];
  /**
   * What the caller does next with an object whose operation was stopped: what was being made is deleted, all else
   * is asked for again. Must succeed whatever became of the call.
   */
  settle(): Promise<void>;
  /** What is true after `settle`. */
  readonly settled?: readonly Expectation[];
  /** What can no longer be opened after `settle`. */
  readonly gone?: readonly (Volume | Snapshot)[];
}

/** An operation for which the suite tries every way to be stopped. */
export interface Interruptible {
  readonly name: string;
  readonly needs?: readonly Capability[];
  prepare(stage: Stage): Promise<Scene>;
}

/** The same ids on every stage, so that the names on two storages can be compared. */
export function id(number: number): string {
  return `5c0e1a00-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** A volume with snapshots and writes between them; and what each reads. */
export interface Cast {
  readonly volume: Volume;
  readonly data: Buffer;
  /** Oldest first. */
  readonly moments: readonly Moment[];
  readonly newest: Moment;
}

export interface Moment {
  readonly snapshot: Snapshot;
  readonly bytes: Buffer;
}

export async function cast(stage: Stage, snapshots: 1 | 2 | 3): Promise<Cast> {
  const volume = await stage.volume({ id: id(1) });
  const data = Buffer.alloc(stage.size);
  const write = async (seed: number): Promise<Buffer> => {
    const piece = patternBytes(seed, stage.size / 4);
    const offset = (stage.size / 8) * seed;
    await stage.write(volume, offset, piece);
    piece.copy(data, offset);
    return Buffer.from(data);
  };
  const take = async (seed: number): Promise<Moment> => {
    const bytes = await write(seed);
    return { bytes, snapshot: await stage.snapshot(volume, { id: id(10 + seed) }) };
  };
  let newest = await take(1);
  const moments = [newest];
  for (let seed = 2; seed <= snapshots; seed += 1) {
    newest = await take(seed);
    moments.push(newest);
  }
  await write(4);
  return { volume, data, moments, newest };
}

function reads(what: string, object: Volume | Snapshot, ...mayRead: Buffer[]): Expectation {
  return { what, object, mayRead };
}

/** That all of a cast but `except` read as they did. */
export function untouched({ volume, data, moments }: Cast, except?: Volume | Snapshot): Expectation[] {
  const all = [
    reads('the volume', volume, data),
    ...moments.map(({ snapshot, bytes }, index) =>
      reads(`snapshot ${String(index + 1)} of ${String(moments.length)}`, snapshot, bytes),
    ),
  ];
  return all.filter(({ object }) => object !== except);
}

/** An operation that makes a volume: afterwards the caller deletes it. */
function making(
  method: string,
  call: (stage: Stage, cast: Cast, context: OperationContext, made: Volume) => Promise<unknown>,
  needs: readonly Capability[] = [],
): Interruptible {
  return {
    name: method,
    needs,
    prepare: async (stage) => {
      const all = await cast(stage, 1);
      const made = makeVolume({ id: id(2), sizeBytes: 2 * stage.size });
      return {
        run: (context) => call(stage, all, context, made),
        expectations: untouched(all),
        settle: () => stage.deleteVolume({ ...made, status: 'error' }),
        gone: [{ ...made, status: 'available' }],
      };
    },
  };
}

const createVolume = making('createVolume', (stage, _cast, context, made) =>
  stage.driver.createVolume(context, made),
);
const fromSnapshot = making('createVolumeFromSnapshot', (stage, { newest }, context, made) =>
  stage.driver.createVolumeFromSnapshot(context, made, newest.snapshot),
);
const clone = making(
  'createClonedVolume',
  (stage, { volume }, context, made) => stage.driver.createClonedVolume(context, made, volume),
  ['clone'],
);

const deleteVolume: Interruptible = {
  name: 'deleteVolume',
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const doomed = await stage.volume({ id: id(2) });
    await stage.write(doomed, 0, patternBytes(9, stage.size));
    await stage.deleteSnapshot(await stage.snapshot(doomed, { id: id(20) }));
    return {
      run: (context) => stage.driver.deleteVolume(context, { ...doomed, status: 'deleting' }),
      expectations: untouched(all),
      settle: () => stage.deleteVolume({ ...doomed, status: 'error_deleting' }),
      gone: [doomed],
    };
  },
};

const extendVolume: Interruptible = {
  name: 'extendVolume',
  prepare: async (stage) => {
    const all = await cast(stage, 2);
    const { volume, data } = all;
    const larger = Buffer.concat([data, Buffer.alloc(stage.size)]);
    const after = { ...volume, sizeBytes: larger.length };
    return {
      run: (context) => stage.driver.extendVolume(context, { ...volume, status: 'extending' }, larger.length),
      expectations: [...untouched(all, volume), reads('the volume', volume, data, larger)],
      settle: async () => {
        await stage.extend(volume, larger.length);
      },
      settled: [reads('the extended volume', after, larger)],
    };
  },
};

const createSnapshot: Interruptible = {
  name: 'createSnapshot',
  prepare: async (stage) => {
    const all = await cast(stage, 2);
    const snapshot = makeSnapshot(all.volume, { id: id(30) });
    return {
      run: (context) => stage.driver.createSnapshot(context, snapshot),
      expectations: untouched(all),
      settle: () => stage.deleteSnapshot(snapshot),
      gone: [snapshot],
    };
  },
};

function deleteSnapshot(index: 0 | 1 | 2, which: string): Interruptible {
  return {
    name: `deleteSnapshot of the ${which}`,
    prepare: async (stage) => {
      const all = await cast(stage, 3);
      const doomed = (all.moments[index] ?? all.newest).snapshot;
      return {
        run: (context) => stage.driver.deleteSnapshot(context, doomed),
        expectations: untouched(all, doomed),
        settle: () => stage.deleteSnapshot(doomed),
        gone: [doomed],
      };
    },
  };
}

const revert: Interruptible = {
  name: 'revertToSnapshot',
  needs: ['revert'],
  prepare: async (stage) => {
    const all = await cast(stage, 2);
    const { volume, data, newest } = all;
    const reverting = { ...volume, status: 'reverting' } as const;
    return {
      run: (context) => stage.driver.revertToSnapshot(context, reverting, newest.snapshot),
      expectations: [...untouched(all, volume), reads('the volume', volume, data, newest.bytes)],
      settle: async () => {
        await stage.revert(reverting, newest.snapshot);
      },
      settled: [reads('the volume that was put back', volume, newest.bytes)],
    };
  },
};

const manageExisting: Interruptible = {
  name: 'manageExisting',
  needs: ['manage'],
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const found = await stage.volume({ id: id(2) });
    const data = patternBytes(9, stage.size);
    await stage.write(found, 0, data);
    await stage.driver.unmanage(stage.context(), found);
    const reference = await referenceOf(stage, found, [all.volume]);
    const managed = makeVolume({ id: id(3), sizeBytes: stage.size, status: 'managing' });
    // Becomes what the driver returns, so that it can be read then.
    const taken = { ...managed, status: 'available' } as const;
    return {
      run: (context) => stage.driver.manageExisting(context, managed, reference),
      expectations: untouched(all),
      settle: async () => {
        const update = await stage.driver.manageExisting(stage.context(), managed, reference);
        Object.assign(taken, applyUpdate(taken, update));
      },
      settled: [reads('the volume that was taken over', taken, data)],
    };
  },
};

const manageExistingSnapshot: Interruptible = {
  name: 'manageExistingSnapshot',
  needs: ['manageSnapshots'],
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const { newest, volume } = all;
    await stage.driver.unmanageSnapshot(stage.context(), newest.snapshot);
    const { reference } = await manageableEntry(stage, newest.snapshot);
    const taken = { ...newest.snapshot, id: id(3), volume };
    return {
      run: (context) => stage.driver.manageExistingSnapshot(context, taken, reference),
      expectations: untouched(all, newest.snapshot),
      settle: async () => {
        const update = await stage.driver.manageExistingSnapshot(stage.context(), taken, reference);
        Object.assign(taken, applyUpdate(taken, update));
      },
      settled: [reads('the snapshot that was taken over', taken, newest.bytes)],
    };
  },
};

const initializeConnection: Interruptible = {
  name: 'initializeConnection',
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const attaching = { ...all.volume, status: 'attaching' } as const;
    return {
      run: (context) => stage.driver.initializeConnection(context, attaching, connectorOf(stage)),
      expectations: untouched(all),
      settle: () => stage.driver.terminateConnection(stage.context(), attaching, connectorOf(stage)),
    };
  },
};

const terminateConnection: Interruptible = {
  name: 'terminateConnection',
  prepare: async (stage) => {
    const all = await cast(stage, 1);
    const detaching = { ...all.volume, status: 'detaching' } as const;
    await stage.driver.initializeConnection(stage.context(), detaching, connectorOf(stage));
    return {
      run: (context) => stage.driver.terminateConnection(context, detaching, connectorOf(stage)),
      expectations: untouched(all),
      settle: () => stage.driver.terminateConnection(stage.context(), detaching, connectorOf(stage)),
    };
  },
};

export const INTERRUPTIBLES: readonly Interruptible[] = [
  createVolume,
  deleteVolume,
  extendVolume,
  createSnapshot,
  deleteSnapshot(0, 'oldest of three'),
  deleteSnapshot(1, 'middle one of three'),
  deleteSnapshot(2, 'newest of three'),
  fromSnapshot,
  clone,
  revert,
  manageExisting,
  manageExistingSnapshot,
  initializeConnection,
  terminateConnection,
];
