import type { ParentImage, RbdPool } from '@scoria/librbd';
import type { ParentRelease } from '../execute/parent-release.js';
import { withReaders } from '../journal/kept-snapshots.js';
import { planRelease } from '../plan/delete-plans.js';
import type { Step } from '../plan/plan.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';

/**
 * What goes of its ancestors when a child needs them no more, all the way up, for a dry run.
 * @param first how the child depends on the nearest of them
 * @param gone ids of images that count as gone already
 */
export async function releaseSteps(
  { journal, policy }: Pick<ParentRelease, 'journal' | 'policy'>,
  pool: RbdPool,
  first: ParentImage | undefined,
  gone: readonly string[],
): Promise<Step[]> {
  const steps: Step[] = [];
  const all = [...gone];
  for (let link = first; link?.pool === pool.name && !link.imageInTrash;) {
    const found = await readImage(pool, link.image, { children: () => true, parentOfSnapshots: true });
    if (found === undefined) break;
    const node: ImageNode = await withReaders(journal, pool, found, link.snapshotId);
    const plan = planRelease(node, link, policy, all);
    steps.push(...plan.steps);
    all.push(node.id);
    link = plan.goesOn ? node.parent : undefined;
  }
  return steps;
}
