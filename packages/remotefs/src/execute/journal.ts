import { DriverError, isUuid, messageOf } from '@scoria/core';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { inDirectory, removeFile } from '../chain/durable-files.js';
import { explained, fileError, systemCode } from '../chain/file-errors.js';
import type { FileNames } from '../chain/file-names.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { readSmallFile } from '../chain/small-file.js';
import type { Plan } from '../plan/plan.js';
import type { JournaledPlan } from './journaled-plan.js';
import { journaledPlan } from './journaled-plan.js';

interface JournalRecord {
  readonly version: 1;
  readonly plan: Plan;
}

/** An entry without this end was being written when its process was killed. */
const COMPLETE = '\n';

/** More than this is no plan: one that deletes 4,000 snapshots' files needs 800 KB. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A link that somebody planted is not followed. */
const WRITE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/**
 * The plans that are under way on a share, one file a volume. An entry whose writer is gone is dealt with before
 * anything else is done to the volume.
 */
export class Journal {
  constructor(
    private readonly share: ShareDirectory,
    private readonly names: FileNames,
  ) {}

  /** On disk when it resolves: a new file that is synced has its name on disk too. */
  async write(plan: JournaledPlan): Promise<void> {
    const record: JournalRecord = { version: 1, plan };
    const file = this.share.journal(plan.volumeId);
    try {
      await using handle = await inDirectory(this.share.journals, async () => open(file, WRITE_FLAGS, 0o600));
      await handle.writeFile(JSON.stringify(record) + COMPLETE);
      await handle.sync();
    } catch (error) {
      await removeFile(file);
      throw fileError(error, `cannot write the journal of ${plan.operation} of volume ${plan.volumeId}`);
    }
  }

  /**
   * The plan of a volume, or `undefined` where nothing is under way. An entry that was cut off is removed: nothing
   * of its plan had begun. The caller holds the volume's lock.
   */
  async read(volumeId: string): Promise<JournaledPlan | undefined> {
    const file = this.share.journal(volumeId);
    const text = await explained(`cannot read the journal of volume ${volumeId}`, () =>
      readSmallFile(file, MAX_BYTES),
    );
    if (text === undefined) return undefined;
    if (text.endsWith(COMPLETE)) return this.#parse(text, volumeId);
    await this.remove(volumeId);
    return undefined;
  }

  /** An entry that comes back after a power cut does no harm: all that it asks for is done. */
  async remove(volumeId: string): Promise<void> {
    await removeFile(this.share.journal(volumeId));
  }

  /** The volumes that have an entry. */
  async volumes(): Promise<string[]> {
    try {
      const names = await readdir(this.share.journals);
      return names.map((name) => name.replace(/\.json$/, '')).filter(isUuid);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw fileError(error, `cannot list the journals on the share ${this.share.path}`);
    }
  }

  #parse(text: string, volumeId: string): JournaledPlan {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (cause) {
      throw this.#damaged(volumeId, messageOf(cause), cause);
    }
    const plan = journaledPlan(record, volumeId, this.names);
    if (typeof plan === 'string') throw this.#damaged(volumeId, plan);
    return plan;
  }

  #damaged(volumeId: string, found: string, cause?: unknown): DriverError {
    return new DriverError({
      code: 'damaged',
      message:
        `the journal ${this.share.journal(volumeId)} is damaged: ${found}. Nothing was changed; ` +
        `check the volume's chain and remove the journal`,
      details: { volumeId },
      cause,
    });
  }
}
