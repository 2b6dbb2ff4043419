import type { FilePolicy } from '../plan/volume-plans.js';
import type { OptionsOf } from '@scoria/core';
import type { TObject } from 'typebox';
import type { REMOTEFS_OPTIONS } from '../shares/options.js';
import { checkNameTemplate, volumeFileMode } from '../shares/options.js';
import type { PlacementPolicy } from '../shares/placement.js';

/** How a backend names, makes and places its files; each driver binds it from its options. */
export interface RemoteFsPolicy extends FilePolicy {
  /** `%s` is the volume's id. */
  readonly nameTemplate: string;
  /** The mode of new volume files: 0660 unless the operator asks for more. */
  readonly fileMode: number;
  readonly placement: PlacementPolicy;
}
export const RemoteFsPolicy = Symbol.for('scoria.remotefs.RemoteFsPolicy');

type FamilyOptions = OptionsOf<TObject<typeof REMOTEFS_OPTIONS>>;

/**
 * The policy of `REMOTEFS_OPTIONS` with a driver's own choice of files.
 * @throws DriverError `invalid-input` for a name template that cannot be used
 */
export function remoteFsPolicy(options: FamilyOptions, files: FilePolicy): RemoteFsPolicy {
  checkNameTemplate(options.volume_name_template);
  return {
    ...files,
    nameTemplate: options.volume_name_template,
    fileMode: volumeFileMode(options),
    placement: {
      reservedPercentage: options.reserved_percentage,
      maxOverSubscriptionRatio: options.max_over_subscription_ratio,
      thin: !files.preallocated,
    },
  };
}
