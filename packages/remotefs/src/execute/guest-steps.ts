import { DriverError } from '@scoria/core';
import type { DiskFile, GuestDisk, OperationContext } from '@scoria/core';
import { explained } from '../chain/file-errors.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { describeStep } from '../plan/plan.js';
import type { FileOfChain, GuestStep } from '../plan/plan.js';
import type { GuestMerge } from './guest-signs.js';
import { fileAbove, GuestSigns } from './guest-signs.js';

/** Has a running guest do single steps. Each can be asked for again after it was cut off. */
export class GuestSteps {
  constructor(
    private readonly share: ShareDirectory,
    private readonly signs: GuestSigns = new GuestSigns(share),
  ) {}

  /** @throws DriverError naming the step; see `GuestDisk` */
  async run(step: GuestStep, guest: GuestDisk, context: OperationContext): Promise<void> {
    await explained(`cannot ${describeStep(step)}`, () => this.#dispatch(step, guest, context));
  }

  async #dispatch(step: GuestStep, guest: GuestDisk, context: OperationContext): Promise<void> {
    const at = (file: string): string => this.share.file(file);
    switch (step.kind) {
      case 'guest-switch': {
        const { active, overlay } = step;
        const shown = async (): Promise<'made' | 'going-on' | undefined> => {
          const sign = await this.signs.ofSwitch(step);
          return sign === 'not-made' ? undefined : sign;
        };
        await guest.takeSnapshot(context, { active: this.#disk(active), overlay: at(overlay), shown });
        break;
      }
      case 'guest-commit':
      case 'guest-pull':
        if (await this.#isKnownDone(guest, step)) break;
        await this.#merge(step, guest, context);
        await this.#requireBelow(fileAbove(step), step.base);
        break;
      case 'guest-flush':
        await guest.flush(context, { active: at(step.active), scratch: at(step.scratch) });
        break;
    }
  }

  async #merge(step: GuestMerge, guest: GuestDisk, context: OperationContext): Promise<void> {
    const [active, file] = [this.share.file(step.active), this.share.file(step.file)];
    const change = { active, file, shown: async () => this.signs.ofMerge(step) };
    if (step.kind === 'guest-commit') await guest.commit(context, { ...change, base: this.#disk(step.base) });
    else if (step.base === undefined) await guest.pull(context, change);
    else await guest.pull(context, { ...change, base: this.#disk(step.base) });
  }

  #disk({ file, format }: FileOfChain): DiskFile {
    return { path: this.share.file(file), format };
  }

  /**
   * Whether a merge was made before, where the guest's side cannot say so: it names the file below when all else is
   * done. It would refuse to do it again.
   */
  async #isKnownDone(guest: GuestDisk, step: GuestMerge): Promise<boolean> {
    if ((await guest.hasOpen(this.share.file(step.file))) !== undefined) return false;
    return this.signs.isBelow(fileAbove(step), step.base);
  }

  /** What the guest's side reports is not believed: a chain that leads through a file that is to go would be lost. */
  async #requireBelow(file: string, base: FileOfChain | undefined): Promise<void> {
    if (await this.signs.isBelow(file, base)) return;
    const header = await this.signs.headerOf(file);
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
