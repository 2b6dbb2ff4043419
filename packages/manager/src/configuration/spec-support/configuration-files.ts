import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverNames } from '../backend-sections.js';
import type { ConfigurationSource } from '../load-configuration.js';

/** A driver that needs an `array_name`, and has a secret `array_password`. */
export const DRIVER = fileURLToPath(
  new URL('../../backends/spec-support/scripted-driver.ts', import.meta.url),
);
export const NFS_CLASS = 'cinder.volume.drivers.nfs.NfsDriver';
export const DRIVERS: DriverNames = { packages: ['@scoria/driver-local'], aliases: { [NFS_CLASS]: DRIVER } };

/** A directory with configuration files in it. */
export class ConfigurationFiles implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  static async open(): Promise<ConfigurationFiles> {
    return new ConfigurationFiles(await mkdtemp(path.join(tmpdir(), 'scoria-configuration-')));
  }

  async write(name: string, lines: readonly string[], mode = 0o600): Promise<string> {
    const file = path.join(this.directory, name);
    await writeFile(file, lines.join('\n'), { mode });
    return file;
  }

  source(fields: Partial<ConfigurationSource> = {}): ConfigurationSource {
    return {
      env: {},
      cwd: this.directory,
      drivers: DRIVERS,
      defaultDriver: { driver: DRIVER, options: (statePath) => ({ array_name: `${statePath}/volumes` }) },
      ...fields,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
