import type { Capability } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { BackendAccess } from '../views/backend-access.js';
import { notSupported, wrongState } from './refusals.js';
import type { VolumeOperationKind } from './states.js';
import { statesToBegin } from './states.js';

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
  'adopt-volume': 'adopting it',
  'attach-volume': 'attaching it',
  'detach-volume': 'detaching it',
  'connect-volume': 'connecting it',
};

/** The first look at a volume, before anything is written; the acceptance looks again. */
@injectable()
export class VolumeChecks {
  constructor(@inject(BackendAccess) private readonly backends: BackendAccess) {}

  /** @throws ManagerError `conflict` */
  async requireState(kind: VolumeOperationKind, volume: VolumeRecord): Promise<void> {
    if (statesToBegin(kind).includes(volume.status)) return;
    const states = statesToBegin(kind, await this.#capabilitiesWhereTheyMatter(volume));
    if (!states.includes(volume.status)) throw wrongState('volume', volume, TITLES[kind], states);
  }

  /** @throws ManagerError `not-supported`, `backend-down` */
  async requireCapability(backend: string, capability: Capability, what: string): Promise<void> {
    const { capabilities } = await this.backends.open(backend);
    if (!capabilities.includes(capability)) throw notSupported(backend, what, capability);
  }

  /** What drivers can do more concerns volumes in use: for others, no backend needs to be asked. */
  async #capabilitiesWhereTheyMatter({ status, backend }: VolumeRecord): Promise<readonly string[]> {
    return status === 'in-use' ? (await this.backends.open(backend)).capabilities : [];
  }
}
