import { isDriverError, messageOf } from '@scoria/core';
import { readdir, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { DriverOnDirectory } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import type { CrashCase } from './crash-case.js';
import type { Observation } from './observe.js';
import { Observer } from './observe.js';
import type { Contents } from './scene.js';
import type { ShareImage } from './share-image.js';
import { readShare, writeShare } from './share-image.js';

/** How a crash ended. */
export type Outcome = 'undone' | 'done';

/** What a program that starts after a crash finds and makes of it; each method throws where anything is lost. */
export class Aftermath {
  readonly #observer: Observer;
  /** In surviving files, added up over all crashes. */
  leaks = 0;

  /** @param directory where shares are put that have crashed */
  constructor(
    private readonly crashCase: CrashCase,
    private readonly directory: string,
  ) {
    this.#observer = new Observer(crashCase.scene.records);
  }

  /** Starts on what a crash has left, looks, does the operation once more, and looks again. */
  async check(crashed: ShareImage): Promise<Outcome> {
    const { operation, after, options } = this.crashCase;
    try {
      await writeShare(this.directory, crashed);
      await ageProbes(this.directory);
      await using on = await startDriver(this.directory, { options });
      const outcome = await this.lookAt(this.directory, on);
      await this.#repeat(on, outcome);
      expectContents(await this.#look(this.directory), after, `${operation.name} done again`);
      return outcome;
    } finally {
      await rm(this.directory, { recursive: true, force: true });
      await rm(`${this.directory}.state`, { recursive: true, force: true });
    }
  }

  /** Whether the operation was done or not, as nothing in between may be left. */
  async lookAt(directory: string, on: DriverOnDirectory): Promise<Outcome> {
    const { before, after, operation } = this.crashCase;
    const found = await this.#look(directory);
    this.leaks += found.leaks;
    const done = sameContents(found.contents, after);
    const between = operation.between?.(before);
    if (!done && !(between !== undefined && sameContents(found.contents, between))) {
      const logged = on.logger.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
      expectContents(found, before, ['after recovery', ...logged].join('; '));
    }
    return done && !sameContents(before, after) ? 'done' : 'undone';
  }

  async #look(directory: string): Promise<Observation> {
    const found = await this.#observer.observe(directory, await readShare(directory));
    if (found.strays.length > 0) throw new Error(`left behind: ${found.strays.join(', ')}`);
    return found;
  }

  async #repeat(on: DriverOnDirectory, outcome: Outcome): Promise<void> {
    const { operation } = this.crashCase;
    const refused = outcome === 'done' && operation.makes !== undefined;
    try {
      await operation.run(on.driver, on.context(), this.crashCase.recordsIn(this.directory));
    } catch (error) {
      if (refused && isDriverError(error, 'already-exists')) return;
      throw new Error(`it cannot be done again: ${messageOf(error)}`, { cause: error });
    }
    if (refused) throw new Error(`${operation.makes ?? ''} was made a second time`);
  }
}

/** A probe is taken for left behind when it is older than any can be: the crash was a while ago. */
async function ageProbes(directory: string): Promise<void> {
  const hidden = path.join(directory, '.scoria');
  const probes = (await readdir(hidden)).filter((name) => name.startsWith('probe-'));
  for (const probe of probes) await utimes(path.join(hidden, probe), 0, 0);
}

function sameContents(a: Contents, b: Contents): boolean {
  return differences(a, b).length === 0;
}

/** In words, by name; empty where both are the same. */
export function differences(found: Contents, wanted: Contents): string[] {
  const names = new Set([...found.keys(), ...wanted.keys()]);
  return [...names].flatMap((name) => {
    const [is, should] = [found.get(name), wanted.get(name)];
    if (is === undefined || should === undefined)
      return [`${name} is ${is === undefined ? 'gone' : 'there'}`];
    return is.equals(should) ? [] : [`${name} reads wrong from byte ${String(firstDifference(is, should))}`];
  });
}

function firstDifference(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return length;
}

function expectContents(found: Observation, wanted: Contents, when: string): void {
  const wrong = differences(found.contents, wanted);
  if (wrong.length > 0) throw new Error(`${when}: ${wrong.join(', ')}`);
}
