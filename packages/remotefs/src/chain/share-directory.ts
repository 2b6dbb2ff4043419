import { DriverError } from '@scoria/core';
import path from 'node:path';
import { HIDDEN_DIRECTORY } from '../shares/share.js';
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

function workPath(share: string, name: string): string {
  return path.join(share, HIDDEN_DIRECTORY, name);
}
