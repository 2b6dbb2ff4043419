import type { ModelUpdate, OperationContext, Snapshot, Volume } from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { Newable } from 'inversify';
import { injectable, injectFromBase } from 'inversify';
import { patternBytes } from '../pattern-bytes.js';
import { FullMemoryDriver } from '../memory-driver/full-memory-driver.js';
import type { StoredVolume } from '../memory-driver/memory-array.js';
import { building } from '../memory-driver/memory-array.js';
import { nameOf, TEMPORARY } from '../memory-driver/memory-driver.js';
import { memoryHarness, memoryPlugin } from '../memory-driver/memory-plugin.js';
import { runConformance } from './run-conformance.js';

/** A driver with one mistake, and the cases that each must find it. */
interface Mutant {
  readonly mistake: string;
  readonly foundBy: readonly string[];
  readonly driver: Newable<FullMemoryDriver>;
}

const creating: Mutant[] = [
  {
    mistake: 'a new volume has the data of a deleted one',
    foundBy: ['createVolume: reads as zeroes, also where a deleted volume was'],
    driver: class extends FullMemoryDriver {
      #old: StoredVolume['bytes'] | undefined;
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        this.#old = this.array.volumes.get(nameOf(volume))?.bytes;
        await super.deleteVolume(context, volume);
      }
      override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
        const bytes = this.#old ?? volume.sizeBytes;
        return this.make(context, volume, () => building(bytes));
      }
    },
  },
  {
    mistake: 'sizes are rounded up',
    foundBy: ['createVolume: the size is exact to the sector'],
    driver: class extends FullMemoryDriver {
      override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
        const sizeBytes = Math.ceil(volume.sizeBytes / 4096) * 4096;
        return super.createVolume(context, { ...volume, sizeBytes });
      }
    },
  },
  {
    mistake: 'a volume that is there is overwritten',
    foundBy: ['createVolume: an id that is taken is already-exists'],
    driver: class extends FullMemoryDriver {
      protected override requireFree(): void {}
    },
  },
  {
    mistake: 'a delete of what is gone fails',
    foundBy: ['deleteVolume: twice, and of what never was, is a success'],
    driver: class extends FullMemoryDriver {
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        this.stored(volume);
        await super.deleteVolume(context, volume);
      }
    },
  },
  {
    mistake: 'snapshots are deleted with their volume',
    foundBy: ['deleteVolume: snapshots hold it, and the error names them'],
    driver: class extends FullMemoryDriver {
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        this.array.volumes.get(nameOf(volume))?.snapshots.clear();
        await super.deleteVolume(context, volume);
      }
    },
  },
  {
    mistake: 'a busy volume does not say what holds it',
    foundBy: ['deleteVolume: snapshots hold it, and the error names them'],
    driver: class extends FullMemoryDriver {
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        if (this.array.volumes.get(nameOf(volume))?.snapshots.size !== 0) {
          throw new DriverError({ code: 'volume-busy', message: 'there are snapshots' });
        }
        await super.deleteVolume(context, volume);
      }
    },
  },
];

const extending: Mutant[] = [
  {
    mistake: 'the new part of an extended volume has old data',
    foundBy: ['extendVolume: the data stays and the new part is zeroes'],
    driver: class extends FullMemoryDriver {
      override async extendVolume(
        context: OperationContext,
        volume: Volume,
        size: number,
      ): Promise<ModelUpdate> {
        const update = await super.extendVolume(context, volume, size);
        if (size > volume.sizeBytes) this.stored(volume).bytes.write(size - 512, patternBytes(1, 512));
        return update;
      }
    },
  },
  {
    mistake: 'a volume shrinks to an older record of it',
    foundBy: ['extendVolume: never shrinks'],
    driver: class extends FullMemoryDriver {
      override async extendVolume(
        _context: OperationContext,
        volume: Volume,
        size: number,
      ): Promise<ModelUpdate> {
        const stored = this.stored(volume);
        const bytes = stored.bytes.read(0, Math.min(size, stored.bytes.sizeBytes));
        stored.bytes = building(size).bytes;
        stored.bytes.write(0, bytes);
        return Promise.resolve({});
      }
    },
  },
  {
    mistake: 'snapshots grow with their volume',
    foundBy: ['extendVolume: snapshots keep size and data'],
    driver: class extends FullMemoryDriver {
      override async extendVolume(
        context: OperationContext,
        volume: Volume,
        size: number,
      ): Promise<ModelUpdate> {
        for (const bytes of this.stored(volume).snapshots.values()) bytes.grow(size);
        return super.extendVolume(context, volume, size);
      }
    },
  },
  {
    mistake: 'an error is not a DriverError',
    foundBy: ['extendVolume: a missing volume is volume-not-found'],
    driver: class extends FullMemoryDriver {
      protected override stored(volume: Volume): StoredVolume {
        const stored = this.array.volumes.get(nameOf(volume));
        if (stored === undefined) throw new RangeError('no volume');
        return stored;
      }
    },
  },
  {
    mistake: 'onlineExtend is declared and not done',
    foundBy: ['states: extendVolume is allowed in its states, and refused in all others'],
    driver: class extends FullMemoryDriver {
      override async extendVolume(
        context: OperationContext,
        volume: Volume,
        size: number,
      ): Promise<ModelUpdate> {
        if (volume.status === 'in-use') throw new DriverError({ code: 'volume-busy', message: 'in use' });
        return super.extendVolume(context, volume, size);
      }
    },
  },
];

const snapshots: Mutant[] = [
  {
    mistake: 'a snapshot follows its volume',
    foundBy: ['createSnapshot: keeps the data of its moment'],
    driver: class extends FullMemoryDriver {
      override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
        const update = await super.createSnapshot(context, snapshot);
        const { bytes, snapshots: kept } = this.stored(snapshot.volume);
        kept.set(snapshot.id, bytes);
        return update;
      }
    },
  },
  {
    mistake: 'a deleted snapshot takes the next newer one with it, to its own moment',
    foundBy: [
      'deleteSnapshot: in any order, all others read as before',
      'crash: deleteSnapshot of the middle one of three, killed at every step',
    ],
    driver: class extends FullMemoryDriver {
      override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
        const kept = this.array.volumes.get(nameOf(snapshot.volume))?.snapshots;
        const ids = [...(kept?.keys() ?? [])];
        const newer = ids[ids.indexOf(snapshot.id) + 1];
        const bytes = kept?.get(snapshot.id);
        await super.deleteSnapshot(context, snapshot);
        if (newer !== undefined && bytes !== undefined) kept?.set(newer, bytes);
      }
    },
  },
  {
    mistake: 'the delete of a snapshot that is gone fails',
    foundBy: ['deleteSnapshot: twice, and of what never was, is a success'],
    driver: class extends FullMemoryDriver {
      override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
        this.snapshotBytes(snapshot);
        await super.deleteSnapshot(context, snapshot);
      }
    },
  },
  {
    mistake: 'a revert goes past newer snapshots',
    foundBy: ['revertToSnapshot: newer snapshots are snapshot-busy, and named'],
    driver: class extends FullMemoryDriver {
      override async revertToSnapshot(
        _context: OperationContext,
        volume: Volume,
        snapshot: Snapshot,
      ): Promise<ModelUpdate> {
        const stored = this.stored(volume);
        stored.bytes = this.snapshotBytes(snapshot).copy(stored.bytes.sizeBytes);
        return Promise.resolve({});
      }
    },
  },
  {
    mistake: 'a revert takes the size back too',
    foundBy: ['revertToSnapshot: a volume that has grown keeps its size'],
    driver: class extends FullMemoryDriver {
      override async revertToSnapshot(
        context: OperationContext,
        volume: Volume,
        snapshot: Snapshot,
      ): Promise<ModelUpdate> {
        const update = await super.revertToSnapshot(context, volume, snapshot);
        this.stored(volume).bytes = this.snapshotBytes(snapshot).copy();
        return update;
      }
    },
  },
];

const copies: Mutant[] = [
  {
    mistake: 'a clone has the size of its source, not its own',
    foundBy: ['createClonedVolume: a larger one has its size, and reads as zeroes beyond its source'],
    driver: class extends FullMemoryDriver {
      override async createClonedVolume(
        context: OperationContext,
        volume: Volume,
        source: Volume,
      ): Promise<ModelUpdate> {
        const { sizeBytes } = this.stored(source).bytes;
        return super.createClonedVolume(context, { ...volume, sizeBytes }, source);
      }
    },
  },
  {
    mistake: 'a copy shares its data with the snapshot',
    foundBy: ['createVolumeFromSnapshot: neither side sees what is written to the other'],
    driver: class extends FullMemoryDriver {
      override async createVolumeFromSnapshot(
        context: OperationContext,
        volume: Volume,
        snapshot: Snapshot,
      ): Promise<ModelUpdate> {
        return this.make(context, volume, () => building(this.snapshotBytes(snapshot)));
      }
    },
  },
  {
    mistake: 'a clone that fails leaves its snapshot on the source',
    foundBy: [
      'cancel: createClonedVolume, before every step',
      'createClonedVolume: an id that is taken is already-exists, and nothing is changed',
    ],
    driver: class extends FullMemoryDriver {
      override async createClonedVolume(
        context: OperationContext,
        volume: Volume,
        source: Volume,
      ): Promise<ModelUpdate> {
        const { snapshots: kept, bytes } = this.stored(source);
        kept.set(`${TEMPORARY}${volume.id}`, bytes.copy());
        return super.createClonedVolume(context, volume, source);
      }
    },
  },
  {
    mistake: 'unmanage deletes',
    foundBy: ['manageExisting: takes over what unmanage let go, with its data; twice is fine'],
    driver: class extends FullMemoryDriver {
      override async unmanage(context?: OperationContext, volume?: Volume): Promise<void> {
        if (context !== undefined && volume !== undefined) await super.deleteVolume(context, volume);
      }
    },
  },
];

function mutants(title: string, table: readonly Mutant[]): void {
  beforeAll(() => {
    for (const { driver } of table) {
      injectable()(driver);
      injectFromBase({ extendConstructorArguments: true })(driver);
    }
  });

  it.each(table.map((mutant): [string, Mutant] => [mutant.mistake, mutant]))(
    `${title}: %s`,
    async (_, mutant) => {
      const plugin = { ...memoryPlugin, driver: mutant.driver };
      const results = await runConformance(() => memoryHarness(plugin), mutant.foundBy);
      expect(results.map(({ name }) => name).sort()).toEqual([...mutant.foundBy].sort());
      for (const { name, error } of results) {
        expect([name, error]).not.toEqual([name, undefined]);
        // A mistake in the mutant itself would be found by any case.
        expect(String(error)).not.toMatch(/TypeError|inversify/i);
      }
    },
  );
}

describe('the suite finds a mistake in', () => {
  mutants('data', [...creating, ...extending, ...snapshots, ...copies]);

  it('the plugin: a capability is implemented and not declared', async () => {
    const capabilities = memoryPlugin.capabilities.filter((each) => each !== 'clone');
    const name = 'plugin: fits the contract, and describes its options';
    const [result] = await runConformance(() => memoryHarness({ ...memoryPlugin, capabilities }), [name]);
    expect(String(result?.error)).toMatch(/createClonedVolume/);
  });
});
