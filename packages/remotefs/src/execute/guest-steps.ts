import { DriverError } from '@scoria/core';
import type { DiskFile, GuestDisk, OperationContext } from '@scoria/core';
import { readQcow2Header } from '@scoria/disk-image';
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
        await guest.commit(context, { active: at(active), file: at(file), base: this.#disk(base) });
        await this.#requireBelow(step.above, base);
        break;
      }
      case 'guest-pull': {
        const { active, file, base } = step;
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

  /** What the guest's side reports is not believed: a chain that leads through a file that is to go would be lost. */
  async #requireBelow(file: string, base: FileOfChain | undefined): Promise<void> {
    const { header } = await readQcow2Header(this.share.file(file));
    const isRight = header.backingFile === base?.file && header.backingFormat === base?.format;
    if (isRight) return;
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
