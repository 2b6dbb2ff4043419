import type { ChainLayer } from '@scoria/disk-image';
import path from 'node:path';
import type { FileFormat } from '../chain/chain.js';
import type { ChainInfo } from '../chain/info-file.js';

/**
 * One change on a share. Every step can be run again after it was cut off at any point: it ends in the same
 * state. File names are plain names on the volume's share; `temporary` ones are in the hidden work directory.
 */
export type Step =
  /** Makes an empty file of a volume. */
  | {
      readonly kind: 'create-file';
      readonly file: TemporaryFile;
      readonly format: FileFormat;
      readonly sizeBytes: number;
      readonly preallocated: boolean;
    }
  /** Makes a qcow2 file that starts as a view of `backing`; an unfinished one is made anew. */
  | {
      readonly kind: 'create-overlay';
      readonly file: string | TemporaryFile;
      readonly backing: string;
      readonly backingFormat: FileFormat;
      readonly sizeBytes: number;
    }
  /** Fills a new file with the raw view of a chain on this or another share. */
  | {
      readonly kind: 'copy';
      readonly source: CopySource;
      readonly file: TemporaryFile;
      readonly format: FileFormat;
      readonly preallocated: boolean;
    }
  /** Grows a file's view; one that is large enough is left alone. */
  | {
      readonly kind: 'grow';
      readonly file: string | TemporaryFile;
      readonly format: FileFormat;
      /** The files below it, the next one first. */
      readonly below: readonly FileOfChain[];
      readonly sizeBytes: number;
      readonly preallocated: boolean;
    }
  /** Gives a finished temporary file its name, which nobody may have. */
  | { readonly kind: 'publish'; readonly file: TemporaryFile; readonly as: string }
  /** Puts a finished temporary file in the place of one that is there. */
  | { readonly kind: 'replace'; readonly file: TemporaryFile; readonly as: string }
  /** Writes what `file` holds into its backing file, which grows if it is smaller. */
  | {
      readonly kind: 'commit';
      readonly file: string;
      readonly below: readonly [FileOfChain, ...FileOfChain[]];
    }
  /** Names another backing file with the same data below; nothing is copied. */
  | {
      readonly kind: 'rebase';
      readonly file: string;
      readonly backing: string;
      readonly backingFormat: FileFormat;
    }
  /** Replaces the chain record; `undefined` removes it. */
  | { readonly kind: 'write-info'; readonly info: ChainInfo | undefined }
  /** Removes a file; one that is gone is fine. */
  | { readonly kind: 'remove'; readonly file: string | TemporaryFile }
  /** Gives a file another name, which nobody may have. */
  | { readonly kind: 'rename'; readonly file: string; readonly as: string }
  | GuestStep;

/** One change of a chain that the process of a running guest makes; see `GuestDisk`. */
export type GuestStep =
  /** The guest writes to `overlay`, which is a view of `active`, from now on. */
  | { readonly kind: 'guest-switch'; readonly active: FileOfChain; readonly overlay: string }
  /** Writes what `file` holds into `base`, the file below it; `above` has that one below it then. */
  | {
      readonly kind: 'guest-commit';
      readonly active: string;
      readonly above: string;
      readonly file: string;
      readonly base: FileOfChain;
    }
  /** Copies what `file` holds, the one below the active file, into that one; what was below `file` is below it then. */
  | {
      readonly kind: 'guest-pull';
      readonly active: string;
      readonly file: string;
      readonly base?: FileOfChain;
    }
  /** Makes durable what the guest's process has not written yet. */
  | { readonly kind: 'guest-flush'; readonly active: string; readonly scratch: string };

export function isGuestStep(step: Step): step is GuestStep {
  return step.kind.startsWith('guest-');
}

/** A file in the share's work directory. Whatever is there without a living owner is removed at the next start. */
export interface TemporaryFile {
  readonly temporary: string;
}

/** A file of the volume's chain, on the same share. */
export interface FileOfChain {
  readonly file: string;
  readonly format: FileFormat;
}

/** The raw view of one or more files, the newest first. */
export interface CopySource {
  readonly layers: readonly [ChainLayer, ...ChainLayer[]];
  readonly virtualBytes: number;
}

export type Operation =
  | 'create-volume'
  | 'copy-to-volume'
  | 'delete-volume'
  | 'extend-volume'
  | 'create-snapshot'
  | 'delete-snapshot'
  | 'revert-to-snapshot'
  | 'manage-volume'
  | 'adopt-volume';

/**
 * What an operation does, worked out before anything is done.
 *
 * A process can be killed between any two steps and within each. With `journal`, the plan is on the share while
 * it runs, and the next one that wants the volume deals with it first:
 * the step `commitPoint` decides. Once it is done, the steps after it are run again. Before that, a plan to go
 * `forward` is run again from its start; a plan to go `back` is undone by `undo`.
 * Without a journal the plan leaves nothing but temporary files, or is one atomic step.
 */
export interface Plan {
  readonly operation: Operation;
  readonly volumeId: string;
  readonly steps: readonly Step[];
  readonly journal?: {
    readonly onCrash: 'forward' | 'back';
    /** An index into `steps`, of a `write-info`; the number of steps where only the end counts. */
    readonly commitPoint: number;
  };
  /** Puts things back after a failure before the commit point; each may find nothing to do. */
  readonly undo: readonly Step[];
  /** Where a running guest makes some of the steps. */
  readonly online?: OnlinePart;
}

/** What a plan needs besides to be finished by another process, whatever has become of the guest. */
export interface OnlinePart {
  /** The snapshot that is taken or removed. */
  readonly snapshotId: string;
  /**
   * Instead of going on, where the guest's process has ended before the commit point: the files are nobody's then,
   * and in whatever state it has left them. It ends with the operation done, or with everything as before it.
   */
  readonly whenGone: readonly Step[];
}

function nameOf(file: string | TemporaryFile): string {
  return typeof file === 'string' ? file : `${file.temporary} (temporary)`;
}

function describeInfo(info: ChainInfo | undefined): string {
  if (info === undefined) return 'remove the chain record';
  const count = Object.keys(info.snapshots).length;
  return `write the chain record: active ${info.active}, ${String(count)} snapshot(s)`;
}

/** A step in words, for logs, dry runs and the operation's record. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'create-file':
      return `create ${nameOf(step.file)}, ${step.format}, ${String(step.sizeBytes)} bytes`;
    case 'create-overlay':
      return `create ${nameOf(step.file)} on ${step.backing} (${step.backingFormat})`;
    case 'copy':
      return `copy ${path.basename(step.source.layers[0].path)} into ${nameOf(step.file)}, ${step.format}`;
    case 'grow':
      return `grow ${nameOf(step.file)} to ${String(step.sizeBytes)} bytes`;
    case 'publish':
    case 'replace':
    case 'rename':
      return `${step.kind} ${nameOf(step.file)} as ${step.as}`;
    case 'commit':
      return `commit ${step.file} into ${step.below[0].file} (${step.below[0].format})`;
    case 'rebase':
      return `point ${step.file} at ${step.backing} (${step.backingFormat})`;
    case 'write-info':
      return describeInfo(step.info);
    case 'remove':
      return `remove ${nameOf(step.file)}`;
    default:
      return describeGuestStep(step);
  }
}

function describeGuestStep(step: GuestStep): string {
  switch (step.kind) {
    case 'guest-switch':
      return `have the guest write to ${step.overlay} instead of ${step.active.file}`;
    case 'guest-commit':
      return `have the guest commit ${step.file} into ${step.base.file} (${step.base.format})`;
    case 'guest-pull':
      return `have the guest pull ${step.file} into ${step.active}`;
    case 'guest-flush':
      return `have the guest write out ${step.active}`;
  }
}
