import { DriverError } from '@scoria/core';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { HIDDEN_DIRECTORY } from '../shares/share.js';
import { fileError, systemCode } from './file-errors.js';
import { isPlainName } from './file-names.js';

/** The paths on one share. Every name that becomes a path goes through here. */
export class ShareDirectory {
  readonly locks: string;
  readonly journals: string;
  readonly temporaries: string;

  /** @param path absolute */
  constructor(readonly path: string) {
    this.locks = workPath(path, 'locks');
    this.journals = workPath(path, 'journal');
    this.temporaries = workPath(path, 'tmp');
  }

  /**
   * Others can write to the share: a link in the place of a work directory would take what is written and removed
   * there to where it leads.
   * @throws DriverError `damaged`
   */
  async requireWorkDirectories(): Promise<void> {
    const directories = [path.dirname(this.locks), this.locks, this.journals, this.temporaries];
    await Promise.all(directories.map(requireDirectoryOrNothing));
  }

  /** @throws DriverError `damaged` for anything but a plain name */
  file(name: string): string {
    return this.#within(this.path, name);
  }

  temporary(name: string): string {
    return this.#within(this.temporaries, name);
  }

  journal(volumeId: string): string {
    return this.#within(this.journals, `${volumeId}.json`);
  }

  #within(directory: string, name: string): string {
    if (isPlainName(name)) return path.join(directory, name);
    throw new DriverError({
      code: 'damaged',
      message: `${JSON.stringify(name)} is not the plain name of a file on the share ${this.path}`,
    });
  }
}

async function requireDirectoryOrNothing(directory: string): Promise<void> {
  if (await isDirectoryOrMissing(directory)) return;
  throw new DriverError({
    code: 'damaged',
    message: `${directory} is not a directory, which it has to be; see who put it there, and remove it`,
    details: { file: directory },
  });
}

async function isDirectoryOrMissing(directory: string): Promise<boolean> {
  try {
    return (await lstat(directory)).isDirectory();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw fileError(error, `cannot look at ${directory}`);
  }
}

function workPath(share: string, name: string): string {
  return path.join(share, HIDDEN_DIRECTORY, name);
}
