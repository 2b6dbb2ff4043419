import { KillRun } from './kill/kill-run.js';

const KILLS = 12;

it('loses nothing and leaves nothing half done when managers and commands are killed', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  await using run = await KillRun.open(seed);
  await run.killAtRandom(KILLS);
  await run.finish();
  expect(run.tally.kills).toBeGreaterThanOrEqual(KILLS);
});
