import { messageOf, throwIfCancelled, type OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { requireAbsolute } from './absolute-path.js';
import { PROBE_TIMEOUT_MS, ShareProbe } from './share-probe.js';
import { TRUST_MS } from './mounted-shares-options.js';
import { HIDDEN_DIRECTORY, unknownShare, unusableShare, type Share, type ShareProvider } from './share.js';

/** Where a {@link LocalDirectory} is. */
export interface LocalDirectoryOptions {
  /** Absolute. Made at start when it is missing, for its owner and group only (0750). */
  readonly directory: string;
  /** How long a look at it may take; 10 s unless told. */
  readonly probeTimeoutMs?: number;
}
export const LocalDirectoryOptions = Symbol.for('scoria.remotefs.LocalDirectoryOptions');

/**
 * One directory of this host as the only share; nothing is mounted. The share's name is the directory's absolute
 * path. A directory that vanishes later is not made anew: an empty one would hide that its volumes are gone.
 */
@injectable()
export class LocalDirectory implements ShareProvider {
  readonly #share: Share;
  readonly #probe: ShareProbe;
  #problem: string | undefined = 'it was not looked at yet';
  #lookedAt = 0;

  constructor(@inject(LocalDirectoryOptions) options: LocalDirectoryOptions) {
    requireAbsolute('the directory for volumes', options.directory);
    const directory = path.resolve(options.directory);
    this.#share = { share: directory, path: directory };
    this.#probe = new ShareProbe(directory, options.probeTimeoutMs ?? PROBE_TIMEOUT_MS);
  }

  async start(context: OperationContext): Promise<void> {
    throwIfCancelled(context);
    await makeDirectory(this.#share.path);
    await this.ensure(context, this.#share.share);
  }

  async available(): Promise<readonly Share[]> {
    if (!(await this.#isAsItWas())) {
      this.#problem = await this.#probe.problem();
      this.#lookedAt = performance.now();
    }
    return this.#problem === undefined ? [this.#share] : [];
  }

  /** Usable a moment ago, and still there: making a file on it for every operation would cost more than some of them. */
  async #isAsItWas(): Promise<boolean> {
    if (this.#problem !== undefined || performance.now() - this.#lookedAt > TRUST_MS) return false;
    try {
      return (await lstat(path.join(this.#share.path, HIDDEN_DIRECTORY))).isDirectory();
    } catch {
      return false; // the probe finds out why
    }
  }

  problems(): ReadonlyMap<string, string> {
    return new Map(this.#problem === undefined ? [] : [[this.#share.share, this.#problem]]);
  }

  byName(share: string): Share {
    if (share !== this.#share.share) {
      throw unknownShare(share, [this.#share.share], "the backend's options");
    }
    if (this.#problem !== undefined) throw unusableShare(share, this.#problem);
    return this.#share;
  }

  async ensure(_context: OperationContext, share: string): Promise<Share> {
    if (share === this.#share.share) await this.available();
    return this.byName(share);
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw unusableShare(directory, `it cannot be made: ${messageOf(error)}; make it by hand`, error);
  }
}
