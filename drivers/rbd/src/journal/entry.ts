import type { ParentImage } from '@scoria/librbd';

/** How an image depended on its parent: enough to let go of that when the image is gone. */
export type ParentReference = Pick<ParentImage, 'pool' | 'image' | 'imageId' | 'snapshot' | 'snapshotId'>;

/** What an operation of several calls has to have done or undone in the end, whoever ends it. */
export type Intent =
  /** A clone is being made: to be undone. */
  | { readonly kind: 'clone'; readonly source: string }
  /** The image, or what of it depended on its parent, is going: the parent is to be let go of. */
  | {
      readonly kind: 'release';
      readonly parent: ParentReference;
      /** Until others have let go of it. */
      readonly isWaiting?: boolean;
    }
  /** The image is to be made independent, and its parent let go of. */
  | {
      readonly kind: 'flatten';
      /** Noted when it is begun: when the image is independent, nothing else tells. */
      readonly parent?: ParentReference;
      readonly isCancelled?: boolean;
    }
  /** The image was reverted, and has to get its size back. */
  | { readonly kind: 'revert'; readonly snapshot: string; readonly sizeBytes: number }
  /** The image is in the trash and is ours to remove from it. */
  | {
      readonly kind: 'purge';
      readonly id: string;
      readonly name: string;
      readonly parent?: ParentReference;
      /** Only on its way out, or back: nobody else's but its host's. */
      readonly isPassing?: boolean;
    };

export interface JournalEntry {
  /** The image's name, or what stands for it. */
  readonly key: string;
  /** The process's host and state directory: whose locks tell whether somebody is at it. */
  readonly owner: string;
  readonly intent: Intent;
}

/** What is kept of a parent. */
export function referenceOf({
  pool,
  image,
  imageId,
  snapshot,
  snapshotId,
}: ParentReference): ParentReference {
  return { pool, image, imageId, snapshot, snapshotId };
}

const REVERT = 'revert:';

/** The key of a revert: the image may have an entry of its own, of being flattened. */
export function revertKey(image: string): string {
  return REVERT + image;
}

/** The image that an entry is of: its key, except for a revert's. */
export function imageOfKey(key: string): string {
  return key.startsWith(REVERT) ? key.slice(REVERT.length) : key;
}

/** The key of what is in the trash: another image of its name may come to be. */
export function purgeKey(imageId: string): string {
  return `trash:${imageId}`;
}

const VERSION = 1;

export function encodeEntry({ owner, intent }: Omit<JournalEntry, 'key'>): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, owner, intent }));
}

/** @returns undefined for what nobody here has written */
export function decodeEntry(key: string, value: Buffer): JournalEntry | undefined {
  const record = parse(value);
  const { version, owner, intent } = record;
  if (version !== VERSION || typeof owner !== 'string' || !isIntent(fieldsOf(intent))) return undefined;
  return { key, owner, intent: intent as Intent };
}

type Fields = Readonly<Record<string, unknown>>;

const CHECKS: Readonly<Record<Intent['kind'], (fields: Fields) => boolean>> = {
  clone: ({ source }) => typeof source === 'string',
  release: ({ parent }) => isReference(fieldsOf(parent)),
  flatten: ({ parent }) => parent === undefined || isReference(fieldsOf(parent)),
  revert: ({ snapshot, sizeBytes }) => typeof snapshot === 'string' && Number.isSafeInteger(sizeBytes),
  purge: ({ id, name, parent }) =>
    typeof id === 'string' &&
    typeof name === 'string' &&
    (parent === undefined || isReference(fieldsOf(parent))),
};

function isIntent(fields: Fields): boolean {
  const { kind } = fields;
  return typeof kind === 'string' && Object.hasOwn(CHECKS, kind) && CHECKS[kind as Intent['kind']](fields);
}

function isReference({ pool, image, imageId, snapshot, snapshotId }: Fields): boolean {
  return (
    [pool, image, imageId, snapshot].every((value) => typeof value === 'string') &&
    typeof snapshotId === 'number'
  );
}

function parse(value: Buffer): Fields {
  try {
    return fieldsOf(JSON.parse(value.toString('utf8')));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
