import { KIB } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import type { ConformanceHarness } from '@scoria/testkit';
import { directoryStorage } from '../support/directory-storage.js';
import { hostPorts } from '../support/host-ports.js';

/** The local driver on a directory of its own, with the real qemu-img. */
export function localHarness(format: 'raw' | 'qcow2'): ConformanceHarness {
  return {
    plugin: localPlugin,
    volumeBytes: 256 * KIB,
    ports: hostPorts(),
    freshStorage: async () => directoryStorage({ local_volume_format: format }),
  };
}
