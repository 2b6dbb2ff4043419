import { createHash } from 'node:crypto';
import type { RbdImage } from '../../model/image.js';
import type { ImageReference, RbdPool } from '../../model/pool.js';
import { checkHead } from '../cases/heads.js';
import { diffOf, MIB } from '../scene.js';

/** Everything that can be seen of a pool, without ids and other things that differ from cluster to cluster. */
export async function readPool(pool: RbdPool): Promise<readonly object[]> {
  const found: object[] = [];
  for (const { name } of await pool.images()) found.push({ name, ...(await readImage(pool, name)) });
  const trash = await pool.trash();
  for (const { id, name } of trash) found.push({ trashed: name, ...(await readImage(pool, { id })) });
  return found.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

async function readImage(pool: RbdPool, reference: ImageReference): Promise<object> {
  await checkHead(pool, reference);
  await using image = await pool.openImage(reference, { readOnly: true });
  const { id: _id, ...info } = await image.info();
  const snapshots: object[] = [];
  for (const { id, name, sizeBytes, namespace } of await image.snapshots()) {
    const isUser = namespace === 'user';
    const children = (await image.children(id)).map(({ image: child, inTrash }) => [child, inTrash].join());
    const about = { sizeBytes, namespace, children: children.sort() };
    const seen = isUser ? { name, isProtected: await image.isProtected(name) } : {};
    const inside = isUser ? await atSnapshot(pool, reference, name) : {};
    snapshots.push({ ...about, ...seen, ...inside });
  }
  return { info, snapshots, ...(await readContents(image)) };
}

async function atSnapshot(pool: RbdPool, reference: ImageReference, snapshot: string): Promise<object> {
  await using image = await pool.openImage(reference, { snapshot });
  return await readContents(image);
}

async function readContents(image: RbdImage): Promise<object> {
  const parent = await image.parent();
  const { sizeBytes } = await image.info();
  const hash = createHash('sha256');
  for (let offset = 0; offset < sizeBytes; offset += MIB) {
    hash.update(await image.read(offset, Math.min(MIB, sizeBytes - offset)));
  }
  return { contents: hash.digest('hex'), parent: parentWithoutIds(parent) };
}

function parentWithoutIds(parent: Awaited<ReturnType<RbdImage['parent']>>): object | undefined {
  if (parent === undefined) return undefined;
  const { imageId: _imageId, snapshotId: _snapshotId, snapshot, ...rest } = parent;
  return { ...rest, snapshot: rest.snapshotNamespace === 'user' ? snapshot : 'made up' };
}

/**
 * Checks that each image's differences since each of its snapshots, and since its beginning, name every byte that
 * differs, and call nothing gone that is there.
 * @throws Error naming the first that is missing
 */
export async function checkDifferences(pool: RbdPool): Promise<void> {
  for (const { name } of await pool.images()) {
    await using image = await pool.openImage(name, { readOnly: true });
    const since = (await image.snapshots()).filter(({ namespace }) => namespace === 'user');
    await checkSince(pool, image, undefined);
    for (const snapshot of since) await checkSince(pool, image, snapshot.name);
  }
}

async function checkSince(pool: RbdPool, image: RbdImage, since: string | undefined): Promise<void> {
  const after = await image.read(0, (await image.info()).sizeBytes);
  const known = Buffer.alloc(after.length);
  if (since !== undefined) {
    await using snapshot = await pool.openImage(image.name, { snapshot: since });
    const before = await snapshot.read(0, (await snapshot.info()).sizeBytes);
    before.copy(known, 0, 0, after.length);
  }
  const options = { includeParent: true, ...(since === undefined ? {} : { since }) };
  for (const { offset, length, exists } of await diffOf(image, options)) {
    if (exists) after.copy(known, offset, offset, offset + length);
    else known.fill(0, offset, offset + length);
  }
  if (known.equals(after)) return;
  throw new Error(
    `the differences of ${image.name} since ${since ?? 'its beginning'} do not lead to what is there`,
  );
}
