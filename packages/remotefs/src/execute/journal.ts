import { DriverError, isUuid, messageOf } from '@scoria/core';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { removeFile } from '../chain/durable-files.js';
import { fileError, systemCode } from '../chain/file-errors.js';
import type { FileNames } from '../chain/file-names.js';
import { isPlainName } from '../chain/file-names.js';
import type { ChainInfo } from '../chain/info-file.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import type { Plan, Step } from '../plan/plan.js';

interface JournalRecord {
  readonly version: 1;
  readonly plan: Plan;
}

/** An entry without this end was being written when its process was killed. */
const COMPLETE = '\n';

/** A plan that has a journal entry while it runs. */
export type JournaledPlan = Plan & Required<Pick<Plan, 'journal'>>;

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
    await mkdir(this.share.journals, { recursive: true, mode: 0o770 });
    try {
      await using handle = await open(file, 'w', 0o600);
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
    let text: string;
    try {
      text = await readFile(this.share.journal(volumeId), 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw fileError(error, `cannot read the journal of volume ${volumeId}`);
    }
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

  /** Others can write to a share: an entry may name this volume's files only, and do only what plans do. */
  #parse(text: string, volumeId: string): JournaledPlan {
    let record: Partial<JournalRecord>;
    try {
      record = JSON.parse(text) as Partial<JournalRecord>;
    } catch (cause) {
      throw this.#damaged(volumeId, messageOf(cause), cause);
    }
    const { version, plan } = record;
    if (version !== 1) throw this.#damaged(volumeId, `it has the version ${JSON.stringify(version)}`);
    if (plan?.journal === undefined || plan.volumeId !== volumeId)
      throw this.#damaged(volumeId, 'it holds no plan');
    for (const step of [...plan.steps, ...plan.undo]) {
      const foreign = filesOf(step).find((file) => !this.names.isOfChain(file, volumeId));
      if (foreign !== undefined) throw this.#damaged(volumeId, `it names ${foreign}, no file of this volume`);
    }
    return plan as JournaledPlan;
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

function filesOfInfo(info: ChainInfo | undefined): string[] {
  return info === undefined ? [] : [info.active, ...Object.values(info.snapshots)];
}

/** The files a journaled step names; one that no journaled plan has names a file that nobody owns. */
function filesOf(step: Step): string[] {
  switch (step.kind) {
    case 'create-overlay':
    case 'rebase':
      return [plain(step.file), step.backing];
    case 'commit':
      return [step.file, ...step.below.map((layer) => layer.file)];
    case 'write-info':
      return filesOfInfo(step.info);
    case 'remove':
      return [plain(step.file)];
    default:
      return ['?'];
  }
}

function plain(file: unknown): string {
  return typeof file === 'string' && isPlainName(file) ? file : '?';
}
