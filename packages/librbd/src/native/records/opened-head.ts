import type { ImageHead, SnapshotHead } from '../../model/head.js';
import type { ParentImage, RbdImage, SnapshotEntry } from '../../model/image.js';
import type { ImageReference, OpenImageOptions } from '../../model/pool.js';

/** Where images are opened. */
export type ImageOpener = (reference: ImageReference, options: OpenImageOptions) => Promise<RbdImage>;

/** What librbd says of an image: for those whose records only librbd itself can read. */
export async function openedHead(open: ImageOpener, reference: ImageReference): Promise<ImageHead> {
  await using image = await open(reference, { readOnly: true });
  const [info, entries, own] = await Promise.all([image.info(), image.snapshots(), image.parent()]);
  const snapshots: SnapshotHead[] = [];
  let parent: ParentImage | undefined = own;
  for (const entry of entries) {
    const link = await parentAt(open, reference, entry);
    parent ??= link && { ...link, overlapBytes: 0 };
    snapshots.push({
      ...entry,
      isProtected: entry.namespace === 'user' && (await image.isProtected(entry.name)),
      childrenOfFormat2: (await image.children(entry.id)).length,
      overlapBytes: link?.overlapBytes ?? 0,
    });
  }
  return { ...info, snapshots, parent, isLocked: (await image.locks()) !== undefined };
}

async function parentAt(
  open: ImageOpener,
  reference: ImageReference,
  { name, namespace }: SnapshotEntry,
): Promise<ParentImage | undefined> {
  if (namespace !== 'user') return undefined;
  await using image = await open(reference, { snapshot: name });
  return await image.parent();
}
