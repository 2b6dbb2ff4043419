import type { BlockDevice, DeviceMode } from '../block-device.js';
import type { OperationContext } from '../context.js';
import type { ConnectionInfo, Connector } from '../models/connection.js';
import type { BackendStats } from '../models/stats.js';
import type { DeviceTarget, ModelUpdate, Snapshot, Volume } from '../models/volume.js';

/**
 * What a vendor extends: one instance runs one backend.
 *
 * The caller (the volume manager, or a program that embeds the library) promises: `setup` comes first; ids are
 * canonical UUIDs; sizes are positive and whole sectors; the object's state allows the method (the states named
 * with each method, checked before the call, see `METHOD_RULES`); what the context's signal aborts is not awaited
 * any longer than its time limit. The caller does not promise that two methods on one volume never overlap, nor
 * that no other process runs the same backend: a driver that needs that takes locks (`LockManager`).
 *
 * The driver promises: sizes are bytes; a method that fails leaves nothing behind; a method that is killed leaves
 * only what `recover` finishes or removes; errors are `DriverError`. What goes beyond the abstract methods is a
 * capability (see `capabilities.ts`), implemented here and declared in `defineDriver`.
 */
export abstract class VolumeDriver {
  /**
   * Connects to the storage: opens sessions, mounts shares. Called once, before anything else; called again on
   * a new instance after a failure. Changes no volume.
   * @throws DriverError any code: the backend is down with that reason and tried again later.
   */
  async setup(_context: OperationContext): Promise<void> {
    // Most simple backends have nothing to connect to.
  }

  /**
   * Finds out whether the backend can work: tools, versions, rights, free-standing mistakes in the options.
   * Called once after `setup`. Changes nothing.
   * @throws DriverError any code: as `setup`.
   */
  async checkForSetupError(_context: OperationContext): Promise<void> {
    // What setup did not refuse is in order.
  }

  /**
   * Finishes or undoes what an earlier process of this backend left half done on the storage. Called once after
   * `checkForSetupError`, while other processes may be using the backend: what a living process has under way is
   * left alone. Idempotent.
   * @throws DriverError any code: as `setup`.
   */
  async recover(_context: OperationContext): Promise<void> {
    // A backend whose every change is one atomic call has nothing to finish.
  }

  /**
   * What the backend offers. Called after `recover` and then every minute; must not be slow (seconds).
   * @throws DriverError `unavailable`: the backend is reported down, and up again by itself.
   */
  abstract stats(context: OperationContext): Promise<BackendStats>;

  /**
   * Makes an empty volume of exactly `volume.sizeBytes` that reads as zeroes. Never shows old data.
   * State: `creating`. Not idempotent: a name that is taken is `already-exists`.
   * @throws DriverError `already-exists`, `no-space`, any: what was made is removed, the volume is in error.
   */
  abstract createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate>;

  /**
   * Removes a volume and whatever the driver keeps for it. Idempotent: one that is gone is a success.
   * States: `deleting`, `available`, `error` and its kinds.
   * @throws DriverError `volume-busy` while it has snapshots or something else holds it: back to `available`.
   */
  abstract deleteVolume(context: OperationContext, volume: Volume): Promise<void>;

  /**
   * Grows a volume; the new part reads as zeroes; snapshots keep their size. Never shrinks (`invalid-input`).
   * Idempotent: a volume that has the size is a success. States: `extending`, `available`, and with the capability
   * `onlineExtend` also `in-use`.
   * @param newSizeBytes a whole number of sectors
   * @throws DriverError `no-space`, any: the size is as before, the volume is in `error_extending`.
   */
  abstract extendVolume(
    context: OperationContext,
    volume: Volume,
    newSizeBytes: number,
  ): Promise<ModelUpdate>;

  /**
   * Takes a snapshot: the data of the volume at one moment within the call. Not idempotent (`already-exists`).
   * Volume's states: `available`, `backing-up`, and with the capability `onlineSnapshot` also `in-use`.
   * @throws DriverError any: nothing is left, the snapshot is in error, the volume is as before.
   */
  abstract createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate>;

  /**
   * Removes a snapshot; the volume and every other snapshot read as before. Idempotent: one that is gone (or
   * never came to be) is a success. Volume's states: `available`, `deleting` (its snapshots go first), and with
   * `onlineSnapshot` also `in-use`.
   * @throws DriverError `snapshot-busy` while something depends on it: back to `available`.
   */
  abstract deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void>;

  /**
   * Makes a volume with the data of a snapshot, independent of it afterwards as far as a user can tell; what is
   * beyond the snapshot's size reads as zeroes. Volume's state: `creating`; its size is not below the snapshot's.
   * @throws DriverError `snapshot-not-found`, `no-space`, any: as `createVolume`.
   */
  abstract createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate>;

  /**
   * Puts back the exports of a volume that is in use, after a restart. Idempotent. State: `in-use`.
   * @throws DriverError any: logged; the volume is in error, the backend goes on.
   */
  async ensureExport(_context: OperationContext, _volume: Volume): Promise<void> {
    // Only backends that export through a target of their own have something to put back.
  }

  /**
   * Gives `connector` access and says how to reach the volume. Idempotent: the same host may ask again.
   * States: `attaching`, `reserved`, `available`, `in-use`, `detaching`, `backing-up`, `uploading`, `downloading`.
   * @throws DriverError `invalid-connector`: nothing changed; any other: the export is removed again.
   */
  abstract initializeConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector,
  ): Promise<ConnectionInfo>;

  /**
   * Takes back what `initializeConnection` gave. Idempotent: no such connection is a success.
   * @param connector `undefined`: every host's connection (a forced detach).
   */
  abstract terminateConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector | undefined,
  ): Promise<void>;

  /**
   * The raw view of a volume's or a snapshot's data in this process; the caller closes it. A volume may be opened
   * when no guest has it (`read-write`), a snapshot only for reading. What is open holds its chain: methods that
   * would change it wait, or are refused as busy.
   * @throws DriverError `volume-not-found`, `snapshot-not-found`, `unsafe-image`.
   */
  abstract openDevice(
    context: OperationContext,
    target: DeviceTarget,
    mode: DeviceMode,
  ): Promise<BlockDevice>;

  /** Ends sessions, lets go of what `setup` took. Called once, last, also after a failed `setup`. Idempotent. */
  async teardown(_context: OperationContext): Promise<void> {
    // What lives in this process only goes with it.
  }
}
