import type { Capability, GuardedDriver, ManageableEntry, ManageableSnapshot } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { backendIdOf, toDriverSnapshot, toDriverVolume } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import { BackendAccess } from './backend-access.js';
import { driverFailure } from './driver-failure.js';
import { everySnapshot, everyVolume } from './every-page.js';
import { ViewContexts } from './view-context.js';

/** What is on a backend and could be managed. */
@injectable()
export class ManageableService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
  ) {}

  /**
   * See `VolumeManager.listManageable`. The volumes of every backend are known ones: two sections may be configured
   * for one storage.
   */
  async list(caller: Caller, backend: string): Promise<ManageableEntry[]> {
    const driver = await this.#driverWith(backend, 'manage');
    const known = (await everyVolume(this.store)).map((volume) => toDriverVolume(volume));
    return collect(backend, driver.listManageable(this.contexts.of(caller), known));
  }

  /** See `VolumeManager.listManageableSnapshots`. */
  async listSnapshots(caller: Caller, backend: string): Promise<ManageableSnapshot[]> {
    const driver = await this.#driverWith(backend, 'manageSnapshots');
    const records = await everyVolume(this.store);
    const volumes = new Map(records.map((record) => [record.id, toDriverVolume(record)]));
    const known = (await everySnapshot(this.store)).flatMap((snapshot) => {
      const volume = volumes.get(snapshot.volumeId);
      return volume === undefined ? [] : [toDriverSnapshot(snapshot, volume)];
    });
    const context = this.contexts.of(caller);
    const found = await collect(
      backend,
      driver.listManageableSnapshots(context, [...volumes.values()], known),
    );
    // Drivers name a volume as the backend knows it.
    const ids = new Map(records.map((record) => [backendIdOf(record), record.id]));
    return found.map(({ volumeId, ...entry }) => ({
      ...entry,
      ...(volumeId === undefined ? {} : { volumeId: ids.get(volumeId) ?? volumeId }),
    }));
  }

  async #driverWith(backend: string, capability: Capability): Promise<GuardedDriver> {
    const { driver, capabilities } = await this.backends.open(backend);
    if (capabilities.includes(capability)) return driver;
    throw new ManagerError({
      code: 'not-supported',
      message: `backend ${backend} cannot list what could be managed: its driver has not the capability '${capability}'`,
      details: { backend, capability },
    });
  }
}

async function collect<T>(backend: string, found: AsyncIterable<T>): Promise<T[]> {
  const entries: T[] = [];
  try {
    for await (const entry of found) entries.push(entry);
  } catch (error) {
    throw driverFailure(`what could be managed on backend ${backend}`, error);
  }
  return entries;
}
