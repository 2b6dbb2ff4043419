import { isUuid } from '@scoria/core/basics';
import { distance } from 'fastest-levenshtein';
import type { AttachmentRecord, Records, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { ManagerError } from './errors.js';
import { everyVolume } from './views/every-page.js';

interface Named {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}

/** What is listed to look for names that are like the one that was asked for. */
const NEIGHBOURS = 200;
const SUGGESTIONS = 3;

/**
 * A project's volume by its id, or by its name where only one has it.
 * @throws ManagerError `not-found` (also for another project's), `ambiguous-name`
 */
export async function findVolume(
  records: Pick<Records, 'getVolume' | 'listVolumes'>,
  projectId: string,
  volume: string,
): Promise<VolumeRecord> {
  return find('volume', volume, {
    projectId,
    get: (id) => records.getVolume(id),
    named: (name) => records.listVolumes({ projectId, name, limit: 10 }),
    some: () => records.listVolumes({ projectId, limit: NEIGHBOURS }),
  });
}

/** As {@link findVolume}, of a snapshot. */
export async function findSnapshot(
  records: Pick<Records, 'getSnapshot' | 'listSnapshots'>,
  projectId: string,
  snapshot: string,
): Promise<SnapshotRecord> {
  return find('snapshot', snapshot, {
    projectId,
    get: (id) => records.getSnapshot(id),
    named: (name) => records.listSnapshots({ projectId, name, limit: 10 }),
    some: () => records.listSnapshots({ projectId, limit: NEIGHBOURS }),
  });
}

/**
 * An attachment of a project's volume.
 * @throws ManagerError `not-found` (also for another project's)
 */
export async function findAttachment(
  records: Pick<Records, 'getAttachment' | 'getVolume'>,
  projectId: string,
  id: string,
): Promise<AttachmentRecord> {
  const attachment = isUuid(id) ? await records.getAttachment(id) : undefined;
  const volume = attachment && (await records.getVolume(attachment.volumeId));
  if (attachment !== undefined && volume?.projectId === projectId) return attachment;
  throw new ManagerError({
    code: 'not-found',
    message: `there is no attachment ${JSON.stringify(id)}; see which there are: scoria attachment list`,
    details: { attachment: id },
  });
}

/**
 * The attachments of a volume, or of all of a project's.
 * @param volume its id or name
 * @throws ManagerError as {@link findVolume}
 */
export async function findAttachments(
  records: Pick<Records, 'getVolume' | 'listVolumes' | 'listAttachments'>,
  projectId: string,
  volume?: string,
): Promise<AttachmentRecord[]> {
  if (volume !== undefined) {
    return records.listAttachments((await findVolume(records, projectId, volume)).id);
  }
  const attachments = await records.listAttachments();
  if (attachments.length === 0) return [];
  const own = new Set((await everyVolume(records, { projectId })).map(({ id }) => id));
  return attachments.filter(({ volumeId }) => own.has(volumeId));
}

interface Source<T extends Named> {
  readonly projectId: string;
  get(id: string): Promise<T | undefined>;
  named(name: string): Promise<T[]>;
  some(): Promise<T[]>;
}

async function find<T extends Named>(kind: string, wanted: string, source: Source<T>): Promise<T> {
  const byId = isUuid(wanted) ? await source.get(wanted) : undefined;
  if (byId?.projectId === source.projectId) return byId;
  const named = wanted === '' ? [] : await source.named(wanted);
  const [only, second] = named;
  if (only === undefined) throw notFound(kind, wanted, nearest(wanted, await source.some()));
  if (second !== undefined) throw ambiguous(kind, wanted, named);
  return only;
}

function ambiguous(kind: string, name: string, found: readonly Named[]): ManagerError {
  const ids = found.map(({ id }) => id);
  return new ManagerError({
    code: 'ambiguous-name',
    message: `${ids.length} ${kind}s have the name ${JSON.stringify(name)}: ${ids.join(', ')}; name it by its id`,
    details: { kind, name, ids },
  });
}

function notFound(kind: string, wanted: string, near: readonly string[]): ManagerError {
  const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
  return new ManagerError({
    code: 'not-found',
    message: `there is no ${kind} ${JSON.stringify(wanted)}${hint}`,
    details: { kind, [kind]: wanted, near },
  });
}

/** Names (and ids, of which the beginning was given) that were perhaps meant, the likeliest first. */
function nearest(wanted: string, objects: readonly Named[]): string[] {
  const text = wanted.toLowerCase();
  if (text === '') return [];
  const byPrefix = objects.filter(({ id }) => text.length >= 4 && id.startsWith(text)).map(({ id }) => id);
  const names = [...new Set(objects.map(({ name }) => name))].filter((name) => name !== '');
  const byName = names
    .map((name) => ({ name, letters: distance(text, name.slice(0, 64).toLowerCase()) }))
    .filter(
      ({ name, letters }) => letters <= Math.max(1, text.length / 3) || name.toLowerCase().startsWith(text),
    )
    .sort((a, b) => a.letters - b.letters)
    .map(({ name }) => name);
  return [...byPrefix, ...byName].slice(0, SUGGESTIONS);
}
