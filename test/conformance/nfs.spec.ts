import { KIB } from '@scoria/core';
import type { ConformanceHarness } from '@scoria/testkit';
import { applies, conformanceCases } from '@scoria/testkit';
import { hostPorts } from '../support/host-ports.js';
import { someOf } from '../support/some-of.js';
import { asRoot, disposeNfsStorages, nfsOnTmpfs, nfsStorage } from '../support/nfs-storage.js';

/**
 * Left to the local driver, which goes through all of the suite in both formats: the two have their chains, devices
 * and journals from one base. What is left is what several shares and mounts can change.
 */
const LEFT_TO_LOCAL = /^(cancel|recover|states|input|openDevice|changedExtents|trim): /;
/** Of what can be interrupted, one of each kind: an atomic step, a journal that goes back, one that goes forward. */
const CRASHES = /^crash: (createVolume|createSnapshot|deleteSnapshot of the middle .*|createClonedVolume),/;

const chosen = conformanceCases
  .filter((candidate) => applies(candidate, nfsOnTmpfs.capabilities))
  .filter(({ name }) => !LEFT_TO_LOCAL.test(name))
  .filter(({ name }) => !name.startsWith('crash: ') || CRASHES.test(name));

function harness(): ConformanceHarness {
  const { commandRunner, clock } = hostPorts();
  return {
    plugin: nfsOnTmpfs,
    volumeBytes: 256 * KIB,
    ports: { commandRunner: asRoot(commandRunner), clock },
    invalidConnectors: [{ host: '' }],
    freshStorage: nfsStorage,
  };
}

afterAll(disposeNfsStorages);

describe('conformance of the nfs driver, on two mounted shares', () => {
  for (const { name, run } of someOf(chosen, 0.4)) it(name, () => run(harness()));
});
