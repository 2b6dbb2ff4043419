import { MIB } from '../scene.js';

/** One call of a random sequence, as data: the same one is made on several clusters. */
export type RandomCall =
  | { readonly kind: 'create'; readonly image: string; readonly sizeBytes: number; readonly deep: boolean }
  | {
      readonly kind: 'clone';
      readonly image: string;
      readonly parent: string;
      readonly snapshot: string;
      readonly format: 1 | 2;
    }
  | {
      readonly kind: 'write' | 'zero' | 'discard';
      readonly image: string;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'resize' | 'grow'; readonly image: string; readonly sizeBytes: number }
  | {
      readonly kind:
        | 'snapshot'
        | 'snapshot-closed'
        | 'remove-snapshot'
        | 'protect'
        | 'protect-closed'
        | 'unprotect'
        | 'rollback';
      readonly image: string;
      readonly snapshot: string;
    }
  | {
      readonly kind: 'rename-snapshot';
      readonly image: string;
      readonly snapshot: string;
      readonly to: string;
    }
  | { readonly kind: 'flatten' | 'remove' | 'trash' | 'remove-trashed' | 'restore'; readonly image: string }
  | { readonly kind: 'rename'; readonly image: string; readonly to: string };

type DataKind = 'write' | 'zero' | 'discard';

type Pick = <T>(items: readonly T[]) => T;

const IMAGES = ['a', 'b', 'c', 'd', 'e'];
const SNAPSHOTS = ['s', 't'];
const KIB = 1024;
const OFFSETS = [0, 5, 64 * KIB - 3, 128 * KIB, MIB - 2, MIB, MIB + 64 * KIB, 2 * MIB + 7, 3 * MIB];
const LENGTHS = [1, 10, 4096, 64 * KIB, 200 * KIB, MIB, 2 * MIB];
const SIZES = [0, 3, MIB, 2 * MIB + 7, 4 * MIB, 5 * MIB];

/** Of objects of 1 MiB, so that a few MiB are many objects. */
export const RANDOM_ORDER = 20;

/** How often each kind is picked. */
const KINDS = [
  ...['create', 'create', 'clone', 'clone', 'clone', 'clone', 'write', 'write', 'write', 'write'],
  ...['zero', 'discard', 'resize', 'resize', 'snapshot', 'snapshot', 'snapshot', 'remove-snapshot'],
  ...['snapshot-closed', 'snapshot-closed', 'snapshot-closed', 'protect-closed'],
  ...['remove-snapshot', 'protect', 'protect', 'unprotect', 'rollback', 'rename-snapshot', 'flatten'],
  ...['grow', 'remove', 'trash', 'remove-trashed', 'restore', 'rename'],
] as RandomCall['kind'][];

/** A sequence that makes, clones, fills, cuts and removes a handful of images; many of its calls are refused. */
export function randomCalls(pick: Pick, count: number): RandomCall[] {
  const first = IMAGES.slice(0, 2).map((image) => created(pick, image));
  return [...first, ...Array.from({ length: count }, () => randomCall(pick))];
}

function created(pick: Pick, image: string): RandomCall {
  return { kind: 'create', image, sizeBytes: pick(SIZES), deep: pick([true, true, false]) };
}

function randomCall(pick: Pick): RandomCall {
  const kind = pick(KINDS);
  const image = pick(IMAGES);
  return kind === 'create' ? created(pick, image) : onImage(pick, kind, image);
}

function onImage(pick: Pick, kind: Exclude<RandomCall['kind'], 'create'>, image: string): RandomCall {
  const snapshot = pick(SNAPSHOTS);
  if (kind === 'clone') return { kind, image, parent: pick(IMAGES), snapshot, format: pick([1, 2]) };
  if (kind === 'write' || kind === 'zero' || kind === 'discard') {
    return { kind, image, offset: pick(OFFSETS), length: pick(LENGTHS) };
  }
  if (kind === 'resize' || kind === 'grow') return { kind, image, sizeBytes: pick(SIZES) };
  if (kind === 'rename-snapshot') return { kind, image, snapshot, to: pick(SNAPSHOTS) };
  if (kind === 'rename') return { kind, image, to: pick(IMAGES) };
  return onSnapshotOrImage(kind, image, snapshot);
}

function onSnapshotOrImage(
  kind: Exclude<
    RandomCall['kind'],
    'create' | 'clone' | DataKind | 'resize' | 'grow' | 'rename-snapshot' | 'rename'
  >,
  image: string,
  snapshot: string,
): RandomCall {
  switch (kind) {
    case 'snapshot':
    case 'snapshot-closed':
    case 'remove-snapshot':
    case 'protect':
    case 'protect-closed':
    case 'unprotect':
    case 'rollback':
      return { kind, image, snapshot };
    default:
      return { kind, image };
  }
}
