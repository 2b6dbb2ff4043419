import { KIB } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import { ExecaCommandRunner } from '@scoria/host';
import { describeConformance } from '@scoria/testkit';
import { hostPorts } from '../support/host-ports.js';
import { directoryStorage } from '../support/directory-storage.js';

describe.each(['raw', 'qcow2'])('%s volumes', (format) => {
  describeConformance('the local driver', () => ({
    plugin: localPlugin,
    volumeBytes: 256 * KIB,
    ports: hostPorts(),
    freshStorage: () => directoryStorage({ local_volume_format: format }),
  }));
});

it('runs the real tools', () => {
  expect(hostPorts().commandRunner).toBeInstanceOf(ExecaCommandRunner);
});
