import type {
  BackupPoint,
  BlockDevice,
  ConnectionInfo,
  Connector,
  Extent,
  ImageSource,
  ModelUpdate,
  OperationContext,
  Volume,
  VolumeType,
} from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { Newable } from 'inversify';
import { injectable, injectFromBase } from 'inversify';
import { FullMemoryDriver } from '../memory-driver/full-memory-driver.js';
import { building } from '../memory-driver/memory-array.js';
import { nameOf } from '../memory-driver/memory-driver.js';
import { memoryHarness, memoryPlugin } from '../memory-driver/memory-plugin.js';
import { runConformance } from './run-conformance.js';

const KEPT = 'retypeVolume: data, snapshots and names are as before; twice is fine';
const CLONED = 'cloneImage: the data of the image, zeroes beyond, and independent of it';
const STILL = 'openBackup: stands still, and is the same when opened again; forgotten twice';
const CHANGED = 'openBackup: changed extents lead from any earlier backup to this one';

async function* nothing(): AsyncGenerator<Extent> {
  yield* await Promise.resolve([]);
}

const MUTANTS: readonly [mistake: string, foundBy: string, driver: Newable<FullMemoryDriver>][] = [
  [
    'another type makes the volume anew',
    KEPT,
    class extends FullMemoryDriver {
      override async retypeVolume(_: OperationContext, volume: Volume): Promise<ModelUpdate> {
        this.array.volumes.set(nameOf(volume), { ...building(volume.sizeBytes), state: 'ready' });
        return Promise.resolve({});
      }
    },
  ],
  [
    'the same type again fails',
    KEPT,
    class extends FullMemoryDriver {
      override async retypeVolume(
        context: OperationContext,
        volume: Volume,
        to: VolumeType | undefined,
      ): Promise<ModelUpdate> {
        if (this.stored(volume).typeName === to?.name)
          throw new DriverError({ code: 'failed', message: 'it has that type' });
        return super.retypeVolume(context, volume, to);
      }
    },
  ],
  [
    'a missing volume has any type',
    'retypeVolume: a missing volume is volume-not-found',
    class extends FullMemoryDriver {
      override async retypeVolume(): Promise<ModelUpdate> {
        return Promise.resolve({});
      }
    },
  ],
  [
    'a second guest sends the first away',
    'multiattach: two guests have a volume at once, and one stays when the other goes',
    class extends FullMemoryDriver {
      override async initializeConnection(
        context: OperationContext,
        volume: Volume,
        connector: Connector,
      ): Promise<ConnectionInfo> {
        this.stored(volume).hosts.clear();
        return super.initializeConnection(context, volume, connector);
      }
    },
  ],
  [
    'every image is cloned',
    'cloneImage: an image that is elsewhere is not cloned, and nothing is left',
    class extends FullMemoryDriver {
      override async cloneImage(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
        return this.createVolume(context, volume);
      }
    },
  ],
  [
    'no image is cloned',
    CLONED,
    class extends FullMemoryDriver {
      override async cloneImage(): Promise<undefined> {
        return Promise.resolve(undefined);
      }
    },
  ],
  [
    'a clone has the size of its image',
    CLONED,
    class extends FullMemoryDriver {
      override async cloneImage(
        context: OperationContext,
        volume: Volume,
        image: ImageSource,
      ): Promise<ModelUpdate | undefined> {
        return super.cloneImage(context, { ...volume, sizeBytes: image.sizeBytes }, image);
      }
    },
  ],
  [
    'formats are not looked at',
    'cloneImage: an image of another format is not cloned',
    class extends FullMemoryDriver {
      override async cloneImage(
        context: OperationContext,
        volume: Volume,
        image: ImageSource,
      ): Promise<ModelUpdate | undefined> {
        return super.cloneImage(context, volume, { ...image, diskFormat: 'raw' });
      }
    },
  ],
  [
    'a backup follows its volume',
    STILL,
    class extends FullMemoryDriver {
      override async openBackup(
        context: OperationContext,
        volume: Volume,
        backup: BackupPoint,
      ): Promise<BlockDevice> {
        const stored = this.stored(volume);
        stored.backups.set(backup.id, stored.bytes);
        return super.openBackup(context, volume, backup);
      }
    },
  ],
  [
    'a backup is another moment when it is opened again',
    STILL,
    class extends FullMemoryDriver {
      override async openBackup(
        context: OperationContext,
        volume: Volume,
        backup: BackupPoint,
      ): Promise<BlockDevice> {
        this.stored(volume).backups.delete(backup.id);
        return super.openBackup(context, volume, backup);
      }
    },
  ],
  [
    'nothing has changed since the backup before',
    CHANGED,
    class extends FullMemoryDriver {
      override async openBackup(
        context: OperationContext,
        volume: Volume,
        backup: BackupPoint,
      ): Promise<BlockDevice> {
        return Object.assign(await super.openBackup(context, volume, backup), { changedExtents: nothing });
      }
    },
  ],
  [
    'with one backup all are forgotten',
    CHANGED,
    class extends FullMemoryDriver {
      override async forgetBackup(context: OperationContext, volume: Volume, id: string): Promise<void> {
        await super.forgetBackup(context, volume, id);
        this.array.volumes.get(nameOf(volume))?.backups.clear();
      }
    },
  ],
  [
    'a volume with backups stays',
    'openBackup: no snapshot waits for a backup; they go with their volume',
    class extends FullMemoryDriver {
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        const backups = this.array.volumes.get(nameOf(volume))?.backups.size ?? 0;
        if (backups > 0) throw new DriverError({ code: 'volume-busy', message: 'it has backups' });
        await super.deleteVolume(context, volume);
      }
    },
  ],
];

describe('the suite finds a mistake in a single capability', () => {
  beforeAll(() => {
    for (const [, , driver] of MUTANTS) {
      injectable()(driver);
      injectFromBase({ extendConstructorArguments: true })(driver);
    }
  });

  it.each(MUTANTS)('%s', async (_, foundBy, driver) => {
    const results = await runConformance(() => memoryHarness({ ...memoryPlugin, driver }), [foundBy]);
    expect(results.map(({ name }) => name)).toEqual([foundBy]);
    expect(results[0]?.error).toBeDefined();
    expect(String(results[0]?.error)).not.toMatch(/TypeError|inversify/i);
  });
});
