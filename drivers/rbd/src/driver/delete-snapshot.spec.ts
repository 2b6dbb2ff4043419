import { Container, createBackend } from '@scoria/core';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { fakePorts, makeContext } from '@scoria/testkit';
import plugin from '../index.js';
import { bindClient } from '../spec-support/simulated-storage.js';
import { DRY_RUNS } from '../testing/dry-runs.js';
import { IMAGES_POOL } from '../testing/images.js';

describe('a dry run of deleting a snapshot says what deleting it does', () => {
  it.each(DRY_RUNS.map(({ name, ...rest }) => [name, rest] as const))('%s', async (_, { options, run }) => {
    const ceph = new SimulatedCeph({ pools: ['rbd', IMAGES_POOL] });
    const root = new Container();
    root.load(
      fakePorts(),
      bindClient(() => new SimulatedRbdClient(ceph)),
    );
    const backend = await createBackend(root, plugin, { name: 'rbd', options, stateDirectory: '/state' });
    await backend.start(makeContext());
    const cluster = await new SimulatedRbdClient(ceph).connect({ timeoutMs: 1000 });
    const pool = await cluster.openPool('rbd');
    await run({
      driver: backend.driver,
      cluster,
      pool,
      context: (signal) => makeContext(signal === undefined ? {} : { signal }),
    });
    await backend.stop(makeContext());
  });
});
