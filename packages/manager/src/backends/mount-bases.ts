import path from 'node:path';
import type { Configuration } from '../configuration.js';
import { baseDirectoryOf } from '../configuration/section-options.js';

const SUFFIX = '_mount_point_base';

/**
 * The directories right below which this process may mount shares: what the configuration names for it, and where a
 * backend mounts that names none, the `mnt` of its own state directory. Absolute.
 */
export function mountBasesOf(
  configuration: Pick<Configuration, 'file' | 'statePath' | 'backends'>,
): string[] {
  const baseDirectory = baseDirectoryOf(configuration);
  return configuration.backends.flatMap(({ name, options }) => [
    path.join(configuration.statePath, 'backends', name, 'mnt'),
    ...Object.entries(options)
      .filter(([option, value]) => option.endsWith(SUFFIX) && typeof value === 'string' && value !== '')
      .map(([, value]) => path.resolve(baseDirectory, String(value))),
  ]);
}
