import type { OperationContext, PlanRequest, Volume, VolumeLayer } from '@scoria/core';
import type { Newable } from 'inversify';
import { injectable, injectFromBase } from 'inversify';
import { FullMemoryDriver } from '../memory-driver/full-memory-driver.js';
import { memoryHarness, memoryPlugin } from '../memory-driver/memory-plugin.js';
import { runConformance } from './run-conformance.js';

const LAYERS = 'chainOf: layers, snapshots and sizes are those of the volume';
const PLANS = 'planOf: every operation has steps, and none is taken';

function layersMutant(
  change: (layers: readonly VolumeLayer[]) => readonly VolumeLayer[],
): Newable<FullMemoryDriver> {
  return class extends FullMemoryDriver {
    override async chainOf(context: OperationContext, volume: Volume): Promise<readonly VolumeLayer[]> {
      return change(await super.chainOf(context, volume));
    }
  };
}

const MUTANTS: readonly [mistake: string, foundBy: string, driver: Newable<FullMemoryDriver>][] = [
  ['layers come newest first', LAYERS, layersMutant((layers) => [...layers].reverse())],
  ['only the volume is a layer', LAYERS, layersMutant((layers) => layers.slice(-1))],
  [
    'layers keep the size of the oldest',
    LAYERS,
    layersMutant((layers) => layers.map((layer) => ({ ...layer, sizeBytes: layers[0]?.sizeBytes ?? 0 }))),
  ],
  [
    'a missing volume has no layers',
    'chainOf: a missing volume is volume-not-found',
    class extends FullMemoryDriver {
      override async chainOf(context: OperationContext, volume: Volume): Promise<readonly VolumeLayer[]> {
        return super.chainOf(context, volume).catch(() => []);
      }
    },
  ],
  [
    'a plan is carried out',
    PLANS,
    class extends FullMemoryDriver {
      override async planOf(context: OperationContext, request: PlanRequest): Promise<readonly string[]> {
        const steps = await super.planOf(context, request);
        if (request.operation === 'create-snapshot') await this.createSnapshot(context, request.snapshot);
        return steps;
      }
    },
  ],
  [
    'a plan has no steps',
    PLANS,
    class extends FullMemoryDriver {
      override async planOf(): Promise<readonly string[]> {
        return Promise.resolve([]);
      }
    },
  ],
  [
    'what is refused is planned',
    'planOf: what the operation would refuse is refused',
    class extends FullMemoryDriver {
      override async planOf(context: OperationContext, request: PlanRequest): Promise<readonly string[]> {
        return super.planOf(context, request).catch(() => ['do it all the same']);
      }
    },
  ],
];

describe('the suite finds a mistake in what a driver only tells', () => {
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
