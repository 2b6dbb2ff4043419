import { CAPABILITIES, defineDriver, KIB, type Capability } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import type { ConformanceHarness } from '../conformance/harness.js';
import { FullMemoryDriver } from './full-memory-driver.js';
import { MemoryArray } from './memory-array.js';
import { MEMORY_OPTIONS, MemoryDriver, nameOf } from './memory-driver.js';

/** The driver in memory with every capability. */
export const memoryPlugin = defineDriver({
  name: 'memory',
  apiRange: '^1.0.0',
  options: MEMORY_OPTIONS,
  capabilities: Object.keys(CAPABILITIES) as Capability[],
  driver: FullMemoryDriver,
});

/** The driver in memory with nothing but what every driver must do. */
export const plainMemoryPlugin = defineDriver({
  name: 'memory-plain',
  apiRange: '^1.0.0',
  options: MEMORY_OPTIONS,
  capabilities: [],
  driver: MemoryDriver,
});

/** A harness for a driver on {@link MemoryArray}s. */
export function memoryHarness(plugin = memoryPlugin): ConformanceHarness {
  return {
    plugin,
    volumeBytes: 256 * KIB,
    types: [{ name: 'gold', extraSpecs: { 'memory:metal': 'gold' }, qosSpecs: { read_iops_sec: '500' } }],
    invalidConnectors: [{ host: 'no-initiator' }],
    freshStorage: async () => {
      const name = randomUUID();
      const array = MemoryArray.named(name);
      return Promise.resolve({
        options: { array_name: name, array_password: 'open-sesame-7' },
        leftovers: async () => Promise.resolve(array.names()),
        usedBytes: async () => Promise.resolve(array.usedBytes),
        imageOf: async ({ id, volume, sizeBytes }) =>
          Promise.resolve({
            id: `image-of-${id}`,
            diskFormat: 'raw',
            sizeBytes,
            locations: ['file:///images/1', `memory://${name}/${nameOf(volume)}/${id}`],
          }),
        dispose: async () => {
          MemoryArray.remove(name);
          return Promise.resolve();
        },
      });
    },
  };
}
