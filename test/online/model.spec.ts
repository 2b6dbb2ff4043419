import { MIB } from '@scoria/core';
import { GlusterServer } from '../support/gluster-server.js';
import { runSequence } from './model-run.js';
import { glusterPlace, localPlace } from './model-places.js';

/** `npm run soak -- online` runs more and longer ones. */
const SEQUENCES = 3;
const STEPS = 8;
const SIZE = 2 * MIB;

/** Another one each time it runs, named when a sequence fails. */
const seed = Date.now() % 1_000_000;

it.each(['raw', 'qcow2'] as const)(
  '%s in a directory: reads as the model says, whatever is done while a guest writes',
  async (format) => {
    await using place = await localPlace(format);
    for (let run = 0; run < SEQUENCES; run += 1) await runSequence(place, seed + run, SIZE, STEPS);
  },
  300_000,
);

describe('on GlusterFS', () => {
  let server: GlusterServer;
  beforeAll(async () => {
    server = await GlusterServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['raw', 'qcow2'] as const)(
    '%s: reads as the model says, whatever is done while a guest writes',
    async (format) => {
      const share = await server.createVolume(`model-${format}`);
      await server.gluster('volume', 'set', `model-${format}`, 'performance.stat-prefetch', 'off');
      await using place = await glusterPlace(server, share, format);
      for (let run = 0; run < SEQUENCES; run += 1) await runSequence(place, seed + run, SIZE, STEPS);
    },
    300_000,
  );
});
