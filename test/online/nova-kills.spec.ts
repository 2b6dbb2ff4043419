import { someOf } from '../support/some-of.js';
import type { Change, Moment } from './nova-kills/deaths.js';
import { CHANGES, killAtMoment, killAtStep, MOMENTS } from './nova-kills/deaths.js';
import { KillAtNova } from './nova-kills/kill-at-nova.js';

/* Managers that are killed while Nova changes the chain of a guest that writes; `npm run soak -- nova-kills` has all. */

/** Another one each time, named when one fails. */
const seed = Date.now() % 1_000_000;
/** How many steps each change has at least. */
const STEPS = 6;

const cases = CHANGES.flatMap((change) => MOMENTS.map((moment) => [change, moment] as const)).filter(
  // A switch is made in no time.
  ([change, moment]) => change !== 'create' || moment !== 'is at it',
);

describe(`a manager that is killed (seed ${String(seed)})`, () => {
  let scene: KillAtNova;
  beforeAll(async () => {
    scene = await KillAtNova.open(seed % 2 === 0 ? 'raw' : 'qcow2', seed);
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  it.each<readonly [Change, Moment]>(someOf(cases, 0.25))('at %s: Nova %s', async (change, moment) => {
    await killAtMoment(scene, change, moment);
  });

  it.each(someOf(CHANGES, 0.5))('at a step of %s', async (change) => {
    await killAtStep(scene, change, 1 + (seed % STEPS));
  });

  it('leaves nothing wrong, and everything is deleted', async () => {
    await scene.finish();
  });
});
