import type {
  BackendStats,
  BlockDevice,
  ConnectionInfo,
  Connector,
  DeviceMode,
  DeviceTarget,
  Extent,
  ModelUpdate,
  OperationContext,
  Snapshot,
  Volume,
} from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { Newable } from 'inversify';
import { injectable, injectFromBase } from 'inversify';
import { collect } from '../device-access.js';
import { MemoryBlockDevice } from '../fakes/memory-block-device.js';
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

/** A device that differs from another in some methods. */
function changed(device: BlockDevice, change: Partial<BlockDevice>): BlockDevice {
  return new Proxy(device, {
    get(target, property) {
      if (property in change) return change[property as keyof BlockDevice];
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const NEVER = new AbortController().signal;

const devices: Mutant[] = [
  {
    mistake: 'extents leave the end out',
    foundBy: ['openDevice: extents cover the device, and zero means zero'],
    driver: deviceMutant((device) => ({
      async *extents() {
        yield* (await collect(device.extents())).slice(0, -1);
      },
    })),
  },
  {
    mistake: 'extents call data a gap',
    foundBy: ['openDevice: extents cover the device, and zero means zero'],
    driver: deviceMutant((device) => ({
      async *extents() {
        yield Promise.resolve({ offset: 0, length: device.sizeBytes, kind: 'zero' } as const);
        await Promise.resolve();
      },
    })),
  },
  {
    mistake: 'zero makes whole pages zero',
    foundBy: ['openDevice: zero makes zeroes, of exactly the range'],
    driver: deviceMutant((device) => ({
      zero: async (offset, length) => {
        const start = Math.floor(offset / 4096) * 4096;
        await device.zero(
          start,
          Math.min(device.sizeBytes, Math.ceil((offset + length) / 4096) * 4096) - start,
        );
      },
    })),
  },
  {
    mistake: 'zero takes room instead of giving it back',
    foundBy: ['trim: zero gives room back'],
    driver: deviceMutant((device) => ({
      zero: async (offset, length) => device.write(offset, Buffer.alloc(length)),
    })),
  },
  {
    mistake: 'changed extents forget the last',
    foundBy: [
      'changedExtents: never too little',
      'changedExtents: never too little after a snapshot between is deleted',
    ],
    driver: deviceMutant((device) => ({
      async *changedExtents(id): AsyncGenerator<Extent> {
        yield* (await collect(device.changedExtents(id))).slice(0, -1);
      },
    })),
  },
  {
    mistake: 'a snapshot can be written to through a read-only device',
    foundBy: ['openDevice: a read-only device is not written to'],
    driver: class extends FullMemoryDriver {
      override async openDevice(_context: OperationContext, target: DeviceTarget): Promise<BlockDevice> {
        const bytes =
          target.kind === 'volume' ? this.stored(target.volume).bytes : this.snapshotBytes(target.snapshot);
        const writable = new MemoryBlockDevice(bytes);
        return Promise.resolve(changed(writable, { mode: 'read-only' }));
      }
    },
  },
];

/** A driver whose devices differ. */
function deviceMutant(change: (device: BlockDevice) => Partial<BlockDevice>): Newable<FullMemoryDriver> {
  return class extends FullMemoryDriver {
    override async openDevice(
      context: OperationContext,
      target: DeviceTarget,
      mode: DeviceMode,
    ): Promise<BlockDevice> {
      const device = await super.openDevice(context, target, mode);
      return changed(device, change(device));
    }
  };
}

const connections: Mutant[] = [
  {
    mistake: 'connection info has the password',
    foundBy: ['secrets: in no connection info, error or log line'],
    driver: class extends FullMemoryDriver {
      override async initializeConnection(
        context: OperationContext,
        volume: Volume,
        connector: Connector,
      ): Promise<ConnectionInfo> {
        const info = await super.initializeConnection(context, volume, connector);
        return { ...info, data: { ...info.data, url: `memory://me:${this.options.array_password}@array` } };
      }
    },
  },
  {
    mistake: 'the password is logged',
    foundBy: ['secrets: in no connection info, error or log line'],
    driver: class extends FullMemoryDriver {
      override async setup(context: OperationContext): Promise<void> {
        context.logger.debug('connecting', { options: { ...this.options } });
        return Promise.resolve();
      }
    },
  },
  {
    mistake: 'the end of one connection ends all',
    foundBy: ['initializeConnection: several hosts come and go on their own'],
    driver: class extends FullMemoryDriver {
      override async terminateConnection(context: OperationContext, volume: Volume): Promise<void> {
        await super.terminateConnection(context, volume, undefined);
      }
    },
  },
  {
    mistake: 'a connector that lacks something is let in',
    foundBy: ['initializeConnection: a connector that lacks something is invalid-connector'],
    driver: class extends FullMemoryDriver {
      override async initializeConnection(
        context: OperationContext,
        volume: Volume,
        connector: Connector,
      ): Promise<ConnectionInfo> {
        return super.initializeConnection(context, volume, { initiator: 'any', ...connector });
      }
    },
  },
];

const stopped: Mutant[] = [
  {
    mistake: 'what a killed process was making stays',
    foundBy: [
      'crash: createVolume, killed at every step',
      'crash: createClonedVolume, killed at every step',
      'crash: createVolumeFromSnapshot, killed at every step',
    ],
    driver: class extends FullMemoryDriver {
      override async recover(): Promise<void> {}
    },
  },
  {
    mistake: 'recovery takes what a living process is making',
    foundBy: [
      'recover: leaves createVolume of a living process alone',
      'recover: leaves createClonedVolume of a living process alone',
    ],
    driver: class extends FullMemoryDriver {
      override async recover(): Promise<void> {
        for (const [name, { state, snapshots: kept }] of this.array.volumes) {
          if (state !== 'ready') this.array.volumes.delete(name);
          for (const id of kept.keys()) if (id.startsWith(TEMPORARY)) kept.delete(id);
        }
        return Promise.resolve();
      }
    },
  },
  {
    mistake: 'a cancelled operation goes on to its end',
    foundBy: [
      'cancel: createVolume, before every step',
      'cancel: createVolumeFromSnapshot, before every step',
    ],
    driver: class extends FullMemoryDriver {
      protected override async make(
        context: OperationContext,
        volume: Volume,
        build: () => StoredVolume,
      ): Promise<ModelUpdate> {
        const deaf = { ...context, step: async (name: string) => context.step(name).catch(() => undefined) };
        return super.make(deaf, volume, build);
      }
    },
  },
  {
    mistake: 'what was half made stays after a cancel',
    foundBy: ['cancel: createVolumeFromSnapshot, before every step'],
    driver: class extends FullMemoryDriver {
      override async createVolumeFromSnapshot(
        context: OperationContext,
        volume: Volume,
        snapshot: Snapshot,
      ): Promise<ModelUpdate> {
        const half = { ...volume, id: volume.id.replace(/^......../, '99999999') };
        this.array.volumes.set(nameOf(half), building(1));
        const update = await super.createVolumeFromSnapshot(context, volume, snapshot);
        this.array.volumes.delete(nameOf(half));
        return update;
      }
    },
  },
  {
    mistake: 'a cancelled operation ends with another error',
    foundBy: ['cancel: deleteVolume, before every step', 'cancel: deleteVolume, within every step'],
    driver: class extends FullMemoryDriver {
      override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
        await super.deleteVolume(context, volume).catch((cause: unknown) => {
          if (cause instanceof DriverError && cause.code !== 'cancelled') throw cause;
          throw new DriverError({ code: 'failed', message: 'delete failed', cause });
        });
      }
    },
  },
  {
    mistake: 'who waits for another cannot be cancelled',
    foundBy: ['cancel: an operation that waits for another'],
    driver: class extends FullMemoryDriver {
      protected override async locked<T>(
        context: OperationContext,
        volumes: readonly Volume[],
        work: () => Promise<T>,
      ): Promise<T> {
        return super.locked({ ...context, signal: NEVER }, volumes, work);
      }
    },
  },
  {
    mistake: 'nothing is locked',
    foundBy: ['concurrency: of several that make one id, one wins'],
    driver: class extends FullMemoryDriver {
      protected override async locked<T>(
        _context: OperationContext,
        _volumes: readonly Volume[],
        work: () => Promise<T>,
      ): Promise<T> {
        return work();
      }
    },
  },
  {
    mistake: 'provisioned is what is written',
    foundBy: ['stats: totals and free room make sense, provisioned follows the volumes'],
    driver: class extends FullMemoryDriver {
      override async stats(): Promise<BackendStats> {
        const stats = await super.stats();
        return {
          ...stats,
          pools: stats.pools.map((pool) => ({ ...pool, provisionedBytes: this.array.usedBytes })),
        };
      }
    },
  },
  {
    mistake: 'a second teardown fails',
    foundBy: ['teardown: twice, and before setup, is fine'],
    driver: class extends FullMemoryDriver {
      #ended = false;
      override async teardown(): Promise<void> {
        if (this.#ended) throw new RangeError('no session');
        this.#ended = true;
        return Promise.resolve();
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
  mutants('behaviour', [...devices, ...connections, ...stopped]);
});
