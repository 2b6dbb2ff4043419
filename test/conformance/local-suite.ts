import { KIB } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import { describeConformance } from '@scoria/testkit';
import { directoryStorage } from '../support/directory-storage.js';
import { hostPorts } from '../support/host-ports.js';

/** The conformance suite on the local driver with the real qemu-img. A file for each format, to run side by side. */
export function describeLocal(format: 'raw' | 'qcow2'): void {
  describeConformance(`the local driver, ${format} volumes`, () => ({
    plugin: localPlugin,
    volumeBytes: 256 * KIB,
    ports: hostPorts(),
    freshStorage: async () => directoryStorage({ local_volume_format: format }),
  }));
}
