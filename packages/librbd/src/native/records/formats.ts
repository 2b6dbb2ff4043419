import type { SnapshotEntry } from '../../model/image.js';
import { namespaceOf } from '../image-answers.js';
import { Decoder } from './encoding.js';

/* What the methods of the OSDs' code for images answer. Source: cls_rbd_types.cc of Ceph 16.2; later versions only add. */

/** Which snapshot of which image another one comes from. */
export interface ParentSpec {
  /** Below 0: none. */
  readonly poolId: number;
  readonly poolNamespace: string;
  readonly imageId: string;
  readonly snapshotId: number;
}

export function parentSpec(answer: Buffer): ParentSpec {
  return new Decoder(answer).structure((inner) => ({
    poolId: inner.signed(),
    poolNamespace: inner.text(),
    imageId: inner.text(),
    snapshotId: inner.u64(),
  }));
}

export interface SnapshotRecord extends SnapshotEntry {
  readonly childrenOfFormat2: number;
}

export function snapshotRecord(answer: Buffer): SnapshotRecord {
  return new Decoder(answer).structure((inner) => {
    const id = inner.u64();
    const namespace = inner.structure((kind) => namespaceOf(kind.u32()));
    const name = inner.text();
    const sizeBytes = inner.u64();
    inner.bits(); // when it was taken
    return { id, name, sizeBytes, namespace, childrenOfFormat2: inner.u32() };
  });
}

/** The ids of an image's snapshots, the newest first. */
export function snapshotIds(answer: Buffer): number[] {
  const context = new Decoder(answer);
  context.bits();
  return context.list(() => context.u64());
}

export interface ChildSpec {
  readonly poolId: number;
  readonly poolNamespace: string;
  readonly imageId: string;
}

/** Of clone format 2. */
export function childSpecs(answer: Buffer): ChildSpec[] {
  const list = new Decoder(answer);
  return list.list(() =>
    list.structure((inner) => {
      const poolId = inner.signed();
      const imageId = inner.text();
      return { poolId, poolNamespace: inner.text(), imageId };
    }),
  );
}

/** Of clone format 1: the children's ids. */
export function childIds(answer: Buffer): string[] {
  const list = new Decoder(answer);
  return list.list(() => list.text());
}

/** TRASH_IMAGE_STATE_RESTORING. */
const RETURNING = 3;

/** An entry of the trash. */
export interface Trashed {
  readonly name: string;
  /** Somebody has begun to put it back. */
  readonly isReturning: boolean;
}

export function trashed(answer: Buffer): Trashed {
  return new Decoder(answer).structure((inner) => {
    inner.u8(); // who has moved it there
    const name = inner.text();
    inner.bits(); // since when
    inner.bits(); // until when
    // Ceph 12 has no states.
    return { name, isReturning: !inner.isAtEnd && inner.u8() === RETURNING };
  });
}

/** Whether anybody has the lock. */
export function isHeld(answer: Buffer): boolean {
  return new Decoder(answer).structure((inner) => inner.u32()) > 0;
}

export function textOf(answer: Buffer): string {
  return new Decoder(answer).text();
}

export function overlapOf(answer: Buffer): number {
  const overlap = new Decoder(answer);
  return overlap.optional(() => overlap.u64()) ?? 0;
}
