import type { OperationContext } from '../context.js';
import type { Volume, VolumeAttachment } from '../models/volume.js';

/** A file of a volume's chain, as a guest's process opens it. */
export interface DiskFile {
  /** Absolute. */
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
}

export interface GuestDiskRequest {
  readonly volume: Pick<Volume, 'id'>;
  /** The guest that has it. */
  readonly attachment: VolumeAttachment;
  /** The snapshot that is being taken or removed; for a clone's temporary one, its id. */
  readonly snapshotId: string;
}

/**
 * What the files on the share show of a change, whoever makes it: it is made, or somebody is at it; `undefined` where
 * they show neither.
 */
export type ShownByFiles = () => Promise<'made' | 'going-on' | undefined>;

/** For a guest's side that only reports on a change: its report may be lost, and the files are looked at besides. */
export interface VisibleChange {
  readonly shown?: ShownByFiles;
}

/**
 * The disk of a volume as one guest has it, for as long as one operation lasts. While a guest runs, its own process
 * makes every change of the chain: nobody else may write to its files. Each change can be asked for again after it was
 * cut off at any point, by this or by another process: what is done already is a success, what is under way is waited
 * for. All files of a chain are in one directory, and headers name them without it.
 *
 * Errors are `DriverError`: `cancelled` and `timeout`, and `failed` and `no-space` where the guest's side refuses: the
 * chain that the guest uses is as before then; `unavailable` where nobody can tell: the change may be done, not done,
 * or going on.
 */
export interface GuestDisk extends AsyncDisposable {
  /** Whether the guest's process has the file open, itself or below another; `undefined` where that cannot be asked. */
  hasOpen(file: string): Promise<boolean | undefined>;
  /**
   * Has the guest write to `overlay` from now on, a qcow2 file that starts as a view of the active one. What the guest
   * had written before is below it, durably, when this resolves. Takes a moment; given up after 600 s.
   */
  takeSnapshot(
    context: OperationContext,
    change: { active: DiskFile; overlay: string } & VisibleChange,
  ): Promise<void>;
  /**
   * Writes what `file` holds into `base`, the file below it, and takes it out of the chain that ends in `active`;
   * `file` itself stays and is of no use any more. It is not the active one. Cut off, `base` has a part of it. Given up
   * after 7,200 s.
   */
  commit(
    context: OperationContext,
    change: { active: string; file: string; base: DiskFile } & VisibleChange,
  ): Promise<void>;
  /**
   * Copies what `file`, the one below the active one, holds into the active one, and takes it out of the chain; it stays
   * as it is. `base` was below it and is below the active one then; without it there is nothing below. Cut off, nothing
   * reads differently. Given up after 7,200 s.
   */
  pull(
    context: OperationContext,
    change: { active: string; file: string; base?: DiskFile } & VisibleChange,
  ): Promise<void>;
  /**
   * Makes durable what the guest's process has not written yet of the chain that ends in `active`, as far as it can be
   * asked to: after it, a file that has left the chain is not needed any more, even if that process dies.
   * @param scratch an overlay on the active file that nobody needs
   */
  flush(context: OperationContext, chain: { active: string; scratch: string }): Promise<void>;
}

/** The side that runs the guests: a compute service, or the monitor of a hypervisor. */
export interface ComputeApi {
  /**
   * @returns `undefined` where the guest's process is not there, and has nothing open
   * @throws DriverError `not-supported` where the attachment does not say how its guest is reached; `unavailable` where
   *   it cannot be reached, and may be running
   */
  openDisk(context: OperationContext, request: GuestDiskRequest): Promise<GuestDisk | undefined>;
  /**
   * The guests that have a volume, for what goes on with an operation that another process has begun. Absent where
   * nobody keeps records of them.
   * @param volumeId the volume's id on its backend
   */
  attachmentsOf?(volumeId: string): Promise<readonly VolumeAttachment[]>;
}
export const ComputeApi = Symbol.for('scoria.ComputeApi');
