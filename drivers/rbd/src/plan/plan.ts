import type { ParentReference } from '../journal/entry.js';
import { nameOfSnapshot } from '../tree/image-node.js';
import type { ImageWishes } from '../types/image-wishes.js';

/** One change of the pool. Doing it again after it was cut off is fine, except where it makes something. */
export type Step =
  | {
      readonly kind: 'create-image';
      readonly image: string;
      readonly sizeBytes: number;
      readonly order: number;
      /** The cluster's own choice, unless told. */
      readonly features?: readonly string[];
    }
  /** Makes a new image what its volume's type asks for. */
  | { readonly kind: 'shape-image'; readonly image: string; readonly wishes: ImageWishes }
  | { readonly kind: 'take-snapshot'; readonly image: string; readonly snapshot: string }
  | { readonly kind: 'protect-snapshot'; readonly image: string; readonly snapshot: string }
  | { readonly kind: 'unprotect-snapshot'; readonly image: string; readonly snapshot: string }
  | {
      readonly kind: 'rename-snapshot';
      readonly image: string;
      readonly snapshot: string;
      readonly to: string;
    }
  | { readonly kind: 'remove-snapshot'; readonly image: string; readonly snapshot: string }
  /** One that is in the trash for nobody: its removal was cut off. */
  | { readonly kind: 'remove-trashed-snapshot'; readonly image: string; readonly snapshotId: number }
  | {
      readonly kind: 'clone-image';
      readonly image: string;
      readonly parentPool: string;
      readonly parent: string;
      /** Where it is known. */
      readonly parentId?: string;
      readonly snapshot: string;
      readonly order: number;
      /** The parent's, unless told. */
      readonly features?: readonly string[];
    }
  | { readonly kind: 'resize'; readonly image: string; readonly sizeBytes: number }
  | { readonly kind: 'flatten'; readonly image: string }
  | { readonly kind: 'queue-flatten'; readonly image: string }
  | { readonly kind: 'roll-back'; readonly image: string; readonly snapshot: string }
  | { readonly kind: 'copy-back'; readonly image: string; readonly snapshot: string }
  | { readonly kind: 'rename'; readonly image: string; readonly to: string }
  | {
      readonly kind: 'remove-image';
      readonly image: string;
      /** Known where nobody is seen to use the image. */
      readonly id?: string;
      /** How many objects it may have, where that is known. */
      readonly objects?: number;
      /** What it depends on. */
      readonly parent?: ParentReference;
    }
  | {
      readonly kind: 'move-to-trash';
      readonly image: string;
      readonly id: string;
      readonly delaySeconds: number;
      /** What it depends on, and goes on to depend on in the trash. */
      readonly parent?: ParentReference;
    };

/** What an operation does, worked out beforehand. */
export interface Plan {
  /** For messages: 'delete volume ...'. */
  readonly operation: string;
  readonly steps: readonly Step[];
}

/** A step as a sentence for a person. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'create-image':
      return `create ${step.image}, ${step.sizeBytes} bytes in objects of ${2 ** step.order}`;
    case 'take-snapshot':
      return `take the snapshot ${nameOfSnapshot(step.image, step.snapshot)}`;
    case 'protect-snapshot':
      return `protect ${nameOfSnapshot(step.image, step.snapshot)}`;
    case 'unprotect-snapshot':
      return `unprotect ${nameOfSnapshot(step.image, step.snapshot)}`;
    case 'remove-snapshot':
      return `remove the snapshot ${nameOfSnapshot(step.image, step.snapshot)}`;
    case 'rename-snapshot':
      return `rename the snapshot ${nameOfSnapshot(step.image, step.snapshot)} to ${step.to}`;
    case 'remove-trashed-snapshot':
      return `remove what is left of the removed snapshot ${step.snapshotId} of ${step.image}`;
    case 'clone-image':
      return `clone ${nameOfSnapshot(step.parent, step.snapshot)} to ${step.image}`;
    case 'shape-image':
      return `give ${step.image} the limits and features of its type`;
    case 'rename':
      return `rename ${step.image} to ${step.to}`;
    case 'move-to-trash':
      return `move ${step.image} to the trash for at least ${step.delaySeconds} seconds`;
    default:
      return describeChange(step);
  }
}

function describeChange(
  step: Extract<
    Step,
    { kind: 'resize' | 'flatten' | 'queue-flatten' | 'roll-back' | 'copy-back' | 'remove-image' }
  >,
): string {
  switch (step.kind) {
    case 'resize':
      return `resize ${step.image} to ${step.sizeBytes} bytes`;
    case 'flatten':
      return `copy into ${step.image} what it has from its parent`;
    case 'queue-flatten':
      return `have what ${step.image} has from its parent copied into it in the background`;
    case 'roll-back':
      return `roll ${step.image} back to ${nameOfSnapshot(step.image, step.snapshot)}`;
    case 'copy-back':
      return `copy what differs from ${nameOfSnapshot(step.image, step.snapshot)} back into ${step.image}`;
    case 'remove-image':
      return `remove ${step.image}`;
  }
}
