import type { BlockDevice } from '../block-device.js';
import type { OperationContext } from '../context.js';
import type { BackupPoint } from '../models/backup-point.js';
import type { ImageSource } from '../models/image-source.js';
import type { VolumeLayer } from '../models/layer.js';
import type {
  AdoptableVolume,
  ManageableEntry,
  ManageableSnapshot,
  ManageReference,
} from '../models/manage.js';
import type { PlanRequest } from '../models/plan-request.js';
import type { VolumeType } from '../models/volume-type.js';
import type { ModelUpdate, Snapshot, Volume } from '../models/volume.js';

/** `clone`: a copy of a volume made by the backend. Without it the generic copy through devices is used. */
export interface CloneVolume {
  /**
   * Makes `volume` with the data `source` has at one moment within the call; what is beyond the source's size
   * reads as zeroes. Volume's state: `creating`; its size is not below the source's. Source's states:
   * `available`, `backing-up`, and with `onlineSnapshot` also `in-use`.
   * @throws DriverError any: nothing is left of either the volume or what was made on the source.
   */
  createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate>;
}

/** `revert`: put a volume back to its newest snapshot. */
export interface RevertToSnapshot {
  /**
   * Discards what was written since `snapshot`, which stays. The volume keeps its present size if it was extended
   * meanwhile; the part beyond the snapshot reads as zeroes. Idempotent. States: `reverting`, `available`.
   * @throws DriverError `snapshot-busy` naming the newer snapshots, if there are any; `snapshot-not-found`.
   */
  revertToSnapshot(context: OperationContext, volume: Volume, snapshot: Snapshot): Promise<ModelUpdate>;
}

/** `manage`: take single volumes over that are on the backend already, and let them go again. */
export interface ManageVolumes {
  /** What is on the backend and not in `known`; one broken entry does not fail the list. */
  listManageable(context: OperationContext, known: readonly Volume[]): AsyncIterable<ManageableEntry>;
  /**
   * The size in bytes of what `reference` names. Changes nothing.
   * @throws DriverError `invalid-input` (what the reference must look like), `volume-not-found`, `unsafe-image`.
   */
  manageExistingSize(context: OperationContext, reference: ManageReference): Promise<number>;
  /**
   * Renames what `reference` names so that it is `volume`. State: `managing`, `creating`. Idempotent once it has
   * succeeded.
   * @throws DriverError as `manageExistingSize`, and `already-exists`: nothing is changed.
   */
  manageExisting(context: OperationContext, volume: Volume, reference: ManageReference): Promise<ModelUpdate>;
  /** Forgets a volume; its data stays where and as it is. Idempotent. */
  unmanage(context: OperationContext, volume: Volume): Promise<void>;
}

/** `manageSnapshots`: the same for single snapshots of volumes that are managed. */
export interface ManageSnapshots {
  /**
   * The snapshots on the backend that are not in `known`; one broken entry does not fail the list.
   * @param volumes those that are managed: a snapshot of any other is not safe to manage before its volume is
   */
  listManageableSnapshots(
    context: OperationContext,
    volumes: readonly Volume[],
    known: readonly Snapshot[],
  ): AsyncIterable<ManageableSnapshot>;
  /**
   * The size in bytes of the snapshot of `volume` that `reference` names: a multiple of 512, rounded up. Changes nothing.
   * @throws DriverError `invalid-input` (what the reference must look like, or why it names none that can be managed),
   * `volume-not-found`, `snapshot-not-found`.
   */
  manageExistingSnapshotSize(
    context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<number>;
  /**
   * Renames what `reference` names so that it is `snapshot`. Volume's states: `available`, and with `onlineSnapshot` also
   * `in-use`. Idempotent once it has succeeded.
   * @throws DriverError as `manageExistingSnapshotSize`, and `already-exists`: nothing is changed.
   */
  manageExistingSnapshot(
    context: OperationContext,
    snapshot: Snapshot,
    reference: ManageReference,
  ): Promise<ModelUpdate>;
  /** Forgets a snapshot; it stays where and as it is. Idempotent. */
  unmanageSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void>;
}

/** `adopt`: take over all that another program wrote, with ids, sizes, formats and snapshots. */
export interface AdoptVolumes {
  /** What could be adopted and what could not, and why. Changes nothing: this is the dry run. */
  findAdoptable(context: OperationContext): AsyncIterable<AdoptableVolume>;
  /**
   * Makes a found volume ours: the changes it listed, no others. Idempotent.
   * @throws DriverError `damaged` if it has problems; `volume-not-found` if it is gone.
   */
  adopt(context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate>;
}

/** `inspect`: tell what a volume is made of on the backend. */
export interface InspectVolumes {
  /**
   * The layers of a volume as they are on the backend now, oldest first; also layers of snapshots that nobody
   * knows. Changes no data. In any state of the volume.
   * @param snapshots those that are known, for backends that cannot tell them by themselves
   * @throws DriverError `volume-not-found`, `damaged`, `unsafe-image`
   */
  chainOf(
    context: OperationContext,
    volume: Volume,
    snapshots: readonly Snapshot[],
  ): Promise<readonly VolumeLayer[]>;
}

/** `plan`: tell what an operation would do, without doing it. */
export interface PlanOperations {
  /**
   * The steps the operation would take now, each a sentence for a person. Changes nothing, and promises nothing.
   * @throws DriverError what the operation would raise, as far as that can be told beforehand
   */
  planOf(context: OperationContext, request: PlanRequest): Promise<readonly string[]>;
}

/** `retype`: change what a volume is like without moving it. */
export interface RetypeVolume {
  /**
   * Makes `volume` what it would be if it had been made with the type `to` (none: undefined); `volume.type` is what it
   * has until then. Its data and its snapshots stay as they are. Idempotent: once more after a death is a success.
   * States: `retyping`, and `in-use`: a guest goes on with it.
   * @throws DriverError `not-supported`: this volume cannot become that where it is, and nothing was changed: it is moved,
   * where the caller wants that; `volume-busy` where its guest has to let go of it first; `invalid-input` a value of the
   * type that cannot be right; any: the volume is as before.
   */
  retypeVolume(context: OperationContext, volume: Volume, to: VolumeType | undefined): Promise<ModelUpdate>;
}

/** `cloneImage`: make a volume of an image where both are on one backend, without copying its data. */
export interface CloneImage {
  /**
   * Makes `volume` with the data of `image`; what is beyond the image's size reads as zeroes. State: `creating`; its
   * size is not below the image's. Not idempotent, as `createVolume`.
   * @returns undefined where the image cannot be cloned here: nothing was made, and the data have to be copied
   * @throws DriverError `already-exists`, any: what was made is removed.
   */
  cloneImage(context: OperationContext, volume: Volume, image: ImageSource): Promise<ModelUpdate | undefined>;
}

/**
 * `backup`: moments of a volume that are kept for backups, and what changed between them. They are no snapshots: nobody
 * counts them, nothing waits for them, and `deleteVolume` takes them along. A backup is put back by writing
 * to the volume's device (`openDevice` in `restoring-backup`).
 */
export interface BackUpVolumes {
  /**
   * The data `volume` has at one moment within the call, for reading; the caller closes it. The moment is kept until it is
   * forgotten: opened again by the same id it is the same, also after a death.
   * `changedExtents` of the device takes the id of an earlier backup of the volume, and raises `snapshot-not-found`
   * where that moment is not kept any more: then all has to be read.
   * States: `backing-up`, `available`, and with `onlineSnapshot` also `in-use`.
   * @throws DriverError `volume-not-found`, any: a moment that was new is not kept.
   */
  openBackup(context: OperationContext, volume: Volume, backup: BackupPoint): Promise<BlockDevice>;
  /**
   * Keeps the moment no longer; those of other backups stay. Nobody has it open. Idempotent: one that is gone, or whose
   * volume is, is a success. In any state of the volume.
   */
  forgetBackup(context: OperationContext, volume: Volume, backupId: string): Promise<void>;
}

/**
 * What a driver may do beyond {@link VolumeDriver}: name → the methods it takes. An empty list is a statement
 * about the driver's other methods:
 *
 * - `onlineSnapshot`: snapshots can be taken and deleted, and clones made, while a guest uses the volume.
 * - `onlineExtend`: a volume can grow while a guest uses it.
 * - `changedBlocks`: devices answer `changedExtents`.
 * - `trim`: `zero` on a device gives room back to the pool.
 * - `multiattach`: several guests can have a volume at once, where its type asks for it (`wantsMultiattach`).
 *
 * Declared and implemented must agree; a subclass declares for itself what it inherits.
 */
export const CAPABILITIES = {
  clone: ['createClonedVolume'],
  revert: ['revertToSnapshot'],
  manage: ['listManageable', 'manageExistingSize', 'manageExisting', 'unmanage'],
  manageSnapshots: [
    'listManageableSnapshots',
    'manageExistingSnapshotSize',
    'manageExistingSnapshot',
    'unmanageSnapshot',
  ],
  adopt: ['findAdoptable', 'adopt'],
  inspect: ['chainOf'],
  plan: ['planOf'],
  retype: ['retypeVolume'],
  cloneImage: ['cloneImage'],
  backup: ['openBackup', 'forgetBackup'],
  onlineSnapshot: [],
  onlineExtend: [],
  changedBlocks: [],
  trim: [],
  multiattach: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Capability = keyof typeof CAPABILITIES;

/** The interface behind each capability that has methods. */
export interface CapabilityInterfaces {
  clone: CloneVolume;
  revert: RevertToSnapshot;
  manage: ManageVolumes;
  manageSnapshots: ManageSnapshots;
  adopt: AdoptVolumes;
  inspect: InspectVolumes;
  plan: PlanOperations;
  retype: RetypeVolume;
  cloneImage: CloneImage;
  backup: BackUpVolumes;
}

/** Every optional method; what a driver that declares all of them has. */
export type OptionalMethods = CloneVolume &
  RevertToSnapshot &
  ManageVolumes &
  ManageSnapshots &
  AdoptVolumes &
  InspectVolumes &
  PlanOperations &
  RetypeVolume &
  CloneImage &
  BackUpVolumes;

/**
 * Where a driver's declared capabilities and its methods differ, as sentences; empty when they agree.
 * @param prototype the driver class's prototype; what a class inherits counts as its own
 */
export function capabilityMismatches(declared: readonly Capability[], prototype: object): string[] {
  const names = Object.keys(CAPABILITIES) as Capability[];
  const unknown = declared
    .filter((capability) => !names.includes(capability))
    .map((capability) => `declares '${capability}', which is none of ${names.join(', ')}`);
  const differences = names.flatMap((capability) => {
    const isDeclared = declared.includes(capability);
    return CAPABILITIES[capability].flatMap((method) => {
      const has = typeof (prototype as Record<string, unknown>)[method] === 'function';
      if (isDeclared && !has) return [`declares '${capability}' but has no method ${method}`];
      if (!isDeclared && has) return [`has the method ${method} but does not declare '${capability}'`];
      return [];
    });
  });
  return [...unknown, ...differences];
}
