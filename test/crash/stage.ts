import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Aftermath } from './aftermath.js';
import { CrashCase } from './crash-case.js';
import type { CrashOperation } from './operations.js';
import type { BaseFormat, Scene } from './scene.js';
import { makeScene } from './scene.js';
import type { Tally } from './tally.js';
import { newTally, tallyTable } from './tally.js';

/** One operation of a scene, with a directory where it crashes and one where its aftermath is looked at. */
export interface Staged {
  readonly crashCase: CrashCase;
  readonly aftermath: Aftermath;
  readonly directory: string;
  readonly tally: Tally;
}

/** A scene in a directory of its own, and the tallies of what is done in it. */
export class Stage implements AsyncDisposable {
  readonly #tallies: Tally[] = [];

  private constructor(
    readonly base: string,
    readonly scene: Scene,
  ) {}

  static async open(format: BaseFormat): Promise<Stage> {
    const base = await mkdtemp(path.join(os.tmpdir(), 'scoria-crash-'));
    return new Stage(base, await makeScene(path.join(base, 'scene'), format));
  }

  /** Does `work` with an operation; its tally counts once nothing was lost. */
  async play(operation: CrashOperation, work: (staged: Staged) => Promise<void>): Promise<Tally> {
    const crashCase = new CrashCase(this.scene, operation);
    const aftermath = new Aftermath(crashCase, path.join(this.base, 'after'));
    const tally = newTally(operation.name);
    await work({ crashCase, aftermath, directory: path.join(this.base, 'crash'), tally });
    tally.leaks = aftermath.leaks;
    this.#tallies.push(tally);
    return tally;
  }

  table(title: string): string {
    return tallyTable(title, this.#tallies);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.base, { recursive: true, force: true });
  }
}
