import type { Capability, VolumeStatus } from '@scoria/core';
import { wantsMultiattach } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverTypeOf } from '../driver-objects.js';
import { HeldError } from '../engine/acceptance.js';
import type { ManagerError } from '../errors.js';
import { BackendAccess } from '../views/backend-access.js';
import { inUse, notSupported, wrongState } from './refusals.js';
import type { SnapshotOperationKind, StateTable, VolumeOperationKind } from './states.js';
import { isPassing, SNAPSHOT_STATES, statesToBegin, VOLUME_STATES } from './states.js';

const TITLES: Readonly<Record<VolumeOperationKind, string>> = {
  'create-volume': 'making it',
  'delete-volume': 'deleting it',
  'extend-volume': 'extending it',
  'create-snapshot': 'taking a snapshot of it',
  'delete-snapshot': 'deleting a snapshot of it',
  'clone-source': 'cloning it',
  'revert-volume': 'putting it back',
  'retype-volume': 'giving it another type',
  'migrate-volume': 'moving it',
  'export-data': 'reading its data',
  'import-data': 'writing its data',
  'manage-volume': 'taking it over',
  'unmanage-volume': 'letting it go',
  'manage-snapshot': 'taking a snapshot of it over',
  'unmanage-snapshot': 'letting a snapshot of it go',
  'adopt-volume': 'adopting it',
  'attach-volume': 'attaching it',
  'detach-volume': 'detaching it',
  'connect-volume': 'connecting it',
};

const SNAPSHOT_TITLES: Readonly<Record<SnapshotOperationKind, string>> = {
  'create-snapshot': 'taking it',
  'delete-snapshot': 'deleting it',
  'manage-snapshot': 'taking it over',
  'unmanage-snapshot': 'letting it go',
  'create-volume': 'making a volume of it',
  'revert-volume': 'putting its volume back to it',
  'export-data': 'reading it',
};

/** The first look at what an operation is asked for on, before anything is written; the acceptance looks again. */
@injectable()
export class VolumeChecks {
  constructor(
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(Store) private readonly store: Store,
  ) {}

  /**
   * That a volume may be given to a guest: one that another guest has only if its type asks for `multiattach`.
   * @throws ManagerError `conflict`
   */
  async requireAttachable(volume: VolumeRecord): Promise<void> {
    if (volume.status === 'in-use' && !wantsMultiattach(await driverTypeOf(this.store, volume.typeId)))
      throw await this.inUse('attach-volume', volume);
    await this.requireState('attach-volume', volume);
  }

  /** @throws ManagerError `conflict` */
  async requireState(kind: VolumeOperationKind, volume: VolumeRecord): Promise<void> {
    if (statesToBegin(kind).includes(volume.status)) return;
    const lacking = await this.#lacking(kind, volume);
    if (lacking === 'nothing') return;
    if (volume.status === 'in-use') throw await this.inUse(kind, volume, lacking);
    const states = statesToBegin(kind);
    throw await this.#refusal('volume', volume, wrongState('volume', volume, TITLES[kind], states));
  }

  /** @throws ManagerError `conflict` */
  async requireSnapshotState(kind: SnapshotOperationKind, snapshot: SnapshotRecord): Promise<void> {
    const states: readonly string[] = SNAPSHOT_STATES[kind].from;
    if (states.includes(snapshot.status)) return;
    const refusal = wrongState('snapshot', snapshot, SNAPSHOT_TITLES[kind], states);
    throw await this.#refusal('snapshot', snapshot, refusal);
  }

  /** @throws ManagerError `not-supported`, `backend-down` */
  async requireCapability(backend: string, capability: Capability, what: string): Promise<void> {
    if (!(await this.has(backend, capability))) throw notSupported(backend, what, capability);
  }

  /** @throws ManagerError `backend-down` */
  async has(backend: string, capability: Capability): Promise<boolean> {
    return (await this.backends.open(backend)).capabilities.includes(capability);
  }

  /** What a passing state is due to can be waited for: so it is named. */
  async #refusal(
    kind: 'volume' | 'snapshot',
    { id, status }: VolumeRecord | SnapshotRecord,
    otherwise: ManagerError,
  ): Promise<ManagerError> {
    if (!isPassing(status)) return otherwise;
    const holders = await this.store.operationsHolding(kind, id);
    return holders.length === 0 ? otherwise : new HeldError(holders, [{ kind, id, mode: 'exclusive' }]);
  }

  /**
   * The capability that would allow the operation in the volume's state, and that its backend has not; `nothing` where
   * it has it, `undefined` where no capability would do. Only then is the backend asked.
   */
  async #lacking(
    kind: VolumeOperationKind,
    { status, backend }: VolumeRecord,
  ): Promise<Capability | 'nothing' | undefined> {
    const table: StateTable<VolumeStatus> = VOLUME_STATES[kind];
    if (table.with?.states.includes(status) !== true) return undefined;
    return (await this.has(backend, table.with.capability)) ? 'nothing' : table.with.capability;
  }

  /** The refusal of what is not done to a volume that a guest has; see {@link inUse}. */
  async inUse(kind: VolumeOperationKind, volume: VolumeRecord, lacking?: Capability): Promise<ManagerError> {
    const attachments = await this.store.listAttachments(volume.id);
    return inUse({ volume, operation: TITLES[kind], attachments, lacking });
  }
}
