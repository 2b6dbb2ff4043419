import type { Qcow2Header } from '@scoria/disk-image';
import { readQcow2Header } from '@scoria/disk-image';
import { isOpenInQemu } from '@scoria/host';
import type { ShareDirectory } from '../chain/share-directory.js';
import type { FileOfChain, GuestStep } from '../plan/plan.js';

export type GuestSwitch = Extract<GuestStep, { kind: 'guest-switch' }>;
export type GuestMerge = Extract<GuestStep, { kind: 'guest-commit' | 'guest-pull' }>;

/**
 * What the files on the share show of a guest's changes, for a guest's side that only reports on them: which files its
 * process has locked, and what the headers name. Locks are seen on hosts that a file system passes them on to; that
 * there are none says nothing.
 */
export class GuestSigns {
  constructor(
    private readonly share: ShareDirectory,
    private readonly isOpen: typeof isOpenInQemu = isOpenInQemu,
  ) {}

  /**
   * | the overlay is open for writing | the file below it is | |
   * | --- | --- | --- |
   * | yes | no | `made` |
   * | yes | yes | `going-on` |
   * | no | yes | `not-made`: the guest writes to the file that it had |
   * | no | no | `undefined`: no guest runs, or its locks do not come to this host |
   */
  async ofSwitch({ active, overlay }: GuestSwitch): Promise<'made' | 'going-on' | 'not-made' | undefined> {
    const onOld = await this.#isWritten(active.file);
    const onNew = await this.#isWritten(overlay);
    if (onNew) return onOld ? 'going-on' : 'made';
    return onOld ? 'not-made' : undefined;
  }

  /** `made` when the header above names what is to be below it, which is the last thing that is done of a merge. */
  async ofMerge(step: GuestMerge): Promise<'made' | 'going-on' | undefined> {
    if (await this.isBelow(fileAbove(step), step.base)) return 'made';
    // Below another file it is only read otherwise.
    const isWritten = step.kind === 'guest-commit' && (await this.#isWritten(step.base.file));
    return isWritten ? 'going-on' : undefined;
  }

  /** Whether the file that is to leave the chain is in it, and nobody is seen to change that. */
  async isUntouched(step: GuestMerge): Promise<boolean> {
    const { backingFile } = await this.headerOf(fileAbove(step));
    return backingFile === step.file && (await this.ofMerge(step)) === undefined;
  }

  /** Whether a file's header names the other one below it; or none. */
  async isBelow(above: string, base: FileOfChain | undefined): Promise<boolean> {
    const { backingFile, backingFormat } = await this.headerOf(above);
    return backingFile === base?.file && backingFormat === base?.format;
  }

  async headerOf(file: string): Promise<Qcow2Header> {
    return (await readQcow2Header(this.share.file(file))).header;
  }

  async #isWritten(file: string): Promise<boolean> {
    return (await this.isOpen(this.share.file(file))).writing === true;
  }
}

/** The file that has another one below it after the merge. */
export function fileAbove(step: GuestMerge): string {
  return step.kind === 'guest-commit' ? step.above : step.active;
}
