import type { AdoptableVolume } from '@scoria/core';
import type { Caller } from '../requests.js';

/** Adopts one volume, as an operation that holds its id. */
export interface VolumeAdopter {
  /**
   * Resolves when it is adopted, with its snapshots.
   * @throws ManagerError `conflict` where it became known meanwhile, and what the driver raised
   */
  adoptVolume(caller: Caller, backend: string, found: AdoptableVolume): Promise<unknown>;
}
export const VolumeAdopter = Symbol.for('scoria.VolumeAdopter');
