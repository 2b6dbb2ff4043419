import type { DriverError, DriverErrorCode } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { DriverOnDirectory, DriverOnDirectoryOptions } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import { differences } from '../crash/aftermath.js';
import type { CrashCase } from '../crash/crash-case.js';
import { Observer } from '../crash/observe.js';
import { readShare, writeShare } from '../crash/share-image.js';

/** Runs one operation where something is wrong, and once more where nothing is. */
export class FaultyOperation {
  readonly directory: string;
  readonly #observer: Observer;

  /** @param base where the share is made */
  constructor(
    private readonly crashCase: CrashCase,
    base: string,
    private readonly settings: DriverOnDirectoryOptions = {},
  ) {
    this.directory = path.join(base, 'share');
    this.#observer = new Observer(crashCase.scene.records);
  }

  /** The driver on a fresh copy of the share. */
  async start(): Promise<DriverOnDirectory> {
    await this.clear();
    await writeShare(this.directory, this.crashCase.image);
    const options = { ...this.crashCase.options, ...this.settings.options };
    return startDriver(this.directory, { ...this.settings, options });
  }

  async run(on: DriverOnDirectory): Promise<void> {
    await this.crashCase.operation.run(on.driver, on.context(), this.crashCase.recordsIn(this.directory));
  }

  /** The error that the operation raises, or `undefined` if it does what it should. */
  async failure(on: DriverOnDirectory): Promise<DriverError | undefined> {
    try {
      await this.run(on);
      return undefined;
    } catch (error) {
      if (isDriverError(error)) return error;
      throw error;
    }
  }

  /** What is not as it was before, nor stray. */
  async damage(): Promise<string[]> {
    const { before, operation } = this.crashCase;
    const changed = await this.#differsFrom(before);
    if (changed.length === 0 || operation.between === undefined) return changed;
    const between = await this.#differsFrom(operation.between(before));
    return between.length === 0 ? [] : changed;
  }

  /** What is not as it should be now that it is done. */
  async missing(): Promise<string[]> {
    return this.#differsFrom(this.crashCase.after);
  }

  async clear(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await rm(`${this.directory}.state`, { recursive: true, force: true });
  }

  async #differsFrom(wanted: CrashCase['before']): Promise<string[]> {
    const found = await this.#observer.observe(this.directory, await readShare(this.directory));
    return [...differences(found.contents, wanted), ...found.strays.map((file) => `${file} is left behind`)];
  }
}

/** An error that a person can act on: its code, and what it speaks of. */
export function expectError(error: DriverError | undefined, code: DriverErrorCode, says: RegExp): void {
  // Together, so that a wrong code comes with what was said.
  expect({ code: error?.code, message: error?.message }).toEqual({
    code,
    message: expect.stringMatching(says) as string,
  });
}
