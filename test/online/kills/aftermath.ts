import type { Attempt } from './attempts.js';
import type { KillScene } from './kill-scene.js';
import { requireSound } from './share-look.js';
import type { Outcome } from './tally.js';

/**
 * Looks at what was left of an operation, does what a manager does then, and looks at everything.
 * @throws Error where anything is lost, left over or in the way
 */
export async function aftermath(scene: KillScene, attempt: Attempt): Promise<Outcome> {
  const { volume, place } = scene;
  const outcome = await outcomeOf(scene, attempt);
  volume.guest?.requireHealthy();
  await attempt.settle();
  if (volume.guest === undefined) {
    await volume.check();
    await requireSound(place.directory, volume.volume.id);
  }
  await scene.requireInOrder();
  return outcome;
}

async function outcomeOf(scene: KillScene, attempt: Attempt): Promise<Outcome> {
  if (await scene.hasJournal) return 'left open';
  return (await attempt.isDone()) ? 'done' : 'undone';
}
