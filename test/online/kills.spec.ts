import { GlusterServer } from '../support/gluster-server.js';
import type { Operation } from './kills/attempts.js';
import { OPERATIONS } from './kills/attempts.js';
import { DEATHS, FATES, RUNS } from './kills/fates.js';
import { HYPERVISOR, killAtMoment, momentsOf } from './kills/guest-kills.js';
import { KillScene } from './kills/kill-scene.js';
import type { KillSite } from './kills/manager-kills.js';
import { killOnce } from './kills/manager-kills.js';
import { mountDeath } from './kills/mount-kills.js';
import type { KillPlace } from './kills/places.js';
import { glusterKillPlace, localKillPlace } from './kills/places.js';
import { Tally } from './kills/tally.js';
import { WorkerSupply } from './kills/worker.js';
import { someOf } from '../support/some-of.js';

/** How many steps each operation has at least. One is taken each time; `npm run soak -- online-kills` has all. */
const STEPS = { create: 6, others: 9 };

/** Another step each time, named when one fails. */
const seed = Date.now() % 1_000_000;

/** Everything that is deleted at the end reads right, and nothing is left. */
async function withScene(place: KillPlace, work: (scene: KillScene) => Promise<unknown>): Promise<void> {
  await using scene = await KillScene.open(place, seed);
  await work(scene);
  await scene.finish();
}

const TRIES = 6;

/** A guest may be faster than what is to kill: the operation is done then, and there is another try. */
async function untilKilled(kill: () => Promise<boolean>): Promise<void> {
  for (let tried = 0; tried < TRIES; tried += 1) if (await kill()) return;
  throw new Error(`the guest was faster ${String(TRIES)} times`);
}

function operation(name: string): Operation {
  return OPERATIONS.find((each) => each.name === name)!;
}

describe.each(['raw', 'qcow2'] as const)('a %s volume that a guest writes to', (format) => {
  let place: KillPlace;
  let workers: WorkerSupply;
  const tally = new Tally();
  beforeAll(async () => {
    workers = new WorkerSupply();
    place = await localKillPlace(format);
  });
  afterAll(async () => {
    await workers[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
    console.log(tally.describe());
  });
  const site = (scene: KillScene): KillSite => ({ scene, workers, tally });
  // Each is done with one of the formats here.
  const ours = OPERATIONS.filter((_, index) => (index % 2 === 0) === (format === 'raw'));
  const job = operation(format === 'raw' ? 'delete the oldest of three' : 'delete the only snapshot');

  it.each(someOf(ours, 0.5))('loses nothing when a process dies: $name', async (each) => {
    await withScene(place, async (scene) => {
      const { random } = scene;
      const steps = each.name.startsWith('create') ? STEPS.create : STEPS.others;
      const atStep = 1 + random.below(steps);
      const fate = FATES[random.below(FATES.length)]!;
      await untilKilled(async () => killOnce(site(scene), each, { atStep }, fate));
    });
  });

  it(`has a job taken up that a dead process has begun: ${job.name}`, async () => {
    await withScene(place, async (scene) => {
      await untilKilled(async () => killOnce(site(scene), job, { inJob: true }, RUNS));
    });
  });

  it(`loses nothing when its hypervisor dies: ${job.name}`, async () => {
    await withScene(place, async (scene) => {
      for (const [index, moment] of momentsOf(job).slice(0, 2).entries()) {
        const kill = { operation: job, moment, fate: DEATHS[index]!, death: HYPERVISOR };
        await untilKilled(async () => killAtMoment(scene, tally, kill));
      }
    });
  });

  it('loses nothing when its hypervisor dies: create a snapshot', async () => {
    const create = operation('create a snapshot');
    const [during, after] = momentsOf(create);
    await withScene(place, async (scene) => {
      const kill = { operation: create, fate: DEATHS[2]!, death: HYPERVISOR };
      // It may be faster.
      await killAtMoment(scene, tally, { ...kill, moment: during! });
      await untilKilled(async () => killAtMoment(scene, tally, { ...kill, moment: after! }));
    });
  });

  it('loses nothing when both die at the same moment', async () => {
    await withScene(place, async (scene) => {
      const kill = { inJob: true, withGuest: true };
      await untilKilled(async () => killOnce(site(scene), job, kill, DEATHS[0]));
    });
  });
});

describe('a volume on GlusterFS that a guest writes to', () => {
  let server: GlusterServer;
  let place: KillPlace;
  beforeAll(async () => {
    server = await GlusterServer.start();
    const share = await server.createVolume('kills');
    await server.gluster('volume', 'set', 'kills', 'performance.stat-prefetch', 'off');
    place = await glusterKillPlace(server, share, 'raw');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(['create a snapshot', 'delete the only snapshot'])(
    'loses nothing when the mount dies: %s',
    async (name) => {
      const each = operation(name);
      const [during, after] = momentsOf(each);
      const moment = name.startsWith('create') ? after! : during!;
      await withScene(place, async (scene) => {
        const kill = { operation: each, moment, fate: DEATHS[0], death: mountDeath(server) };
        await untilKilled(async () => killAtMoment(scene, new Tally(), kill));
      });
    },
  );
});
