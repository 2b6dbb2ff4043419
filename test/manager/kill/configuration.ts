import type { Configuration } from '@scoria/manager';
import { loadConfiguration } from '@scoria/manager';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The backends there are, by their volumes' format. */
export const BACKENDS = ['raw', 'qcow2'] as const;

/** Puts a configuration of two backends into a directory, where commands find it. */
export async function writeConfiguration(directory: string): Promise<void> {
  const lines = BACKENDS.flatMap((format) => [
    `  ${format}:`,
    `    volume_driver: '@scoria/driver-local'`,
    `    local_volumes_path: ./volumes-${format}`,
    `    local_volume_format: ${format}`,
  ]);
  const text = [`enabled_backends: [${BACKENDS.join(', ')}]`, 'log_level: error', 'backends:', ...lines, ''];
  await writeFile(path.join(directory, 'scoria.yaml'), text.join('\n'));
}

export async function configurationIn(directory: string): Promise<Configuration> {
  return loadConfiguration({
    cwd: directory,
    env: {},
    drivers: { packages: ['@scoria/driver-local'], aliases: {} },
    defaultDriver: { driver: '@scoria/driver-local', options: () => ({}) },
  });
}
