import type { ManageableEntry } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { toDriverVolume } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import { BackendAccess } from './backend-access.js';
import { driverFailure } from './driver-failure.js';
import { everyVolume } from './every-page.js';
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
    const { driver, capabilities } = await this.backends.open(backend);
    if (!capabilities.includes('manage')) {
      throw new ManagerError({
        code: 'not-supported',
        message: `backend ${backend} cannot list what could be managed: its driver has not the capability 'manage'`,
        details: { backend, capability: 'manage' },
      });
    }
    const known = (await everyVolume(this.store)).map((volume) => toDriverVolume(volume));
    const entries: ManageableEntry[] = [];
    try {
      for await (const entry of driver.listManageable(this.contexts.of(caller), known)) entries.push(entry);
    } catch (error) {
      throw driverFailure(`what could be managed on backend ${backend}`, error);
    }
    return entries;
  }
}
