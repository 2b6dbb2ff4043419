import { DriverError } from '@scoria/core';
import type { DiskFile, GuestDisk, OperationContext } from '@scoria/core';
import { readQcow2Header } from '@scoria/disk-image';
import type { Qcow2Header } from '@scoria/disk-image';
import { explained } from '../chain/file-errors.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { describeStep } from '../plan/plan.js';
import type { FileOfChain, GuestStep } from '../plan/plan.js';

/** Has a running guest do single steps. Each can be asked for again after it was cut off. */
export class GuestSteps {
  constructor(private readonly share: ShareDirectory) {}

  /** @throws DriverError naming the step; see `GuestDisk` */
  async run(step: GuestStep, guest: GuestDisk, context: OperationContext): Promise<void> {
    await explained(`cannot ${describeStep(step)}`, () => this.#dispatch(step, guest, context));
  }

  async #dispatch(step: GuestStep, guest: GuestDisk, context: OperationContext): Promise<void> {
    const at = (file: string): string => this.share.file(file);
    switch (step.kind) {
      case 'guest-switch': {
        const { active, overlay } = step;
        await guest.takeSnapshot(context, { active: this.#disk(active), overlay: at(overlay) });
        break;
      }
      case 'guest-commit': {
        const { active, file, base } = step;
        if (await this.#isKnownDone(guest, file, step.above, base)) break;
        await guest.commit(context, { active: at(active), file: at(file), base: this.#disk(base) });
        await this.#requireBelow(step.above, base);
        break;
      }
      case 'guest-pull': {
        const { active, file, base } = step;
        if (await this.#isKnownDone(guest, file, active, base)) break;
        const below = base === undefined ? {} : { base: this.#disk(base) };
        await guest.pull(context, { active: at(active), file: at(file), ...below });
        await this.#requireBelow(active, base);
        break;
      }
      case 'guest-flush':
        await guest.flush(context, { active: at(step.active), scratch: at(step.scratch) });
        break;
    }
  }

  #disk({ file, format }: FileOfChain): DiskFile {
    return { path: this.share.file(file), format };
  }

  /**
   * Whether a merge was made before, where the guest's side cannot say so: it names the file below when all else is
   * done. It would refuse to do it again.
   */
  async #isKnownDone(
    guest: GuestDisk,
    merged: string,
    above: string,
    base: FileOfChain | undefined,
  ): Promise<boolean> {
    if ((await guest.hasOpen(this.share.file(merged))) !== undefined) return false;
    return isBelow(await this.#headerOf(above), base);
  }

  async #headerOf(file: string): Promise<Qcow2Header> {
    return (await readQcow2Header(this.share.file(file))).header;
  }

  /** What the guest's side reports is not believed: a chain that leads through a file that is to go would be lost. */
  async #requireBelow(file: string, base: FileOfChain | undefined): Promise<void> {
    const header = await this.#headerOf(file);
    if (isBelow(header, base)) return;
    const found = `${header.backingFile ?? 'nothing'} (${header.backingFormat ?? 'no format'})`;
    throw new DriverError({
      code: 'damaged',
      message:
        `the guest's side reported success, but below ${file} is ${found} and not ` +
        `${base === undefined ? 'nothing' : `${base.file} (${base.format})`}. No file was removed`,
      details: { file },
    });
  }
}

function isBelow(header: Qcow2Header, base: FileOfChain | undefined): boolean {
  return header.backingFile === base?.file && header.backingFormat === base?.format;
}
