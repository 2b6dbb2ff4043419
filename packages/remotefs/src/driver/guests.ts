import { ComputeApi, DriverError } from '@scoria/core';
import type { GuestDisk, OperationContext, Volume, VolumeAttachment } from '@scoria/core';
import { isOpenInQemu } from '@scoria/host';
import { inject, injectable, optional } from 'inversify';

/** A volume as far as its guests are concerned. */
type GuestVolume = Pick<Volume, 'id' | 'attachments'>;

/** Finds the guest that uses a volume, and makes sure that none does where nobody knows of one. */
@injectable()
export class Guests {
  constructor(@inject(ComputeApi) @optional() private readonly compute: ComputeApi | undefined) {}

  /**
   * The disk of the guest that uses a volume.
   * @param active the path of the active file
   * @param older those of the chain's other files, none of which the guest may write to
   * @returns `undefined` where none does: its files may be changed here
   * @throws DriverError `volume-busy` where a process has the file open that nobody knows of; `unavailable` and
   *   `not-supported` where the guest cannot be reached; `damaged` where it has not opened the active file
   */
  async open(
    context: OperationContext,
    volume: GuestVolume,
    snapshotId: string,
    active: string,
    older: readonly string[],
  ): Promise<GuestDisk | undefined> {
    const disk = await this.#reach(context, volume, snapshotId);
    if (disk === undefined) {
      await requireUnused(volume, active);
      return undefined;
    }
    try {
      const has = await disk.hasOpen(active);
      if (has === false || (has === undefined && (await isOnOlder(active, older))))
        throw otherFile(volume, active);
      return disk;
    } catch (error) {
      await disk[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * The same to go on with what was cut off, when nobody can say which file is the active one.
   * @param files what the guest may have open
   */
  async openForRecovery(
    context: OperationContext,
    { id, attachments }: GuestVolume,
    snapshotId: string,
    files: readonly string[],
  ): Promise<GuestDisk | undefined> {
    const volume = { id, attachments: attachments ?? (await this.of(id)) };
    const disk = await this.#reach(context, volume, snapshotId);
    if (disk !== undefined) return disk;
    for (const file of files) await requireUnused(volume, file);
    return undefined;
  }

  /** The guests that have a volume, for what is not told by an operation. */
  async of(volumeId: string): Promise<readonly VolumeAttachment[]> {
    return (await this.compute?.attachmentsOf?.(volumeId)) ?? [];
  }

  async #reach(
    context: OperationContext,
    volume: GuestVolume,
    snapshotId: string,
  ): Promise<GuestDisk | undefined> {
    const [attachment, ...more] = volume.attachments ?? [];
    if (attachment === undefined) return undefined;
    if (more.length > 0) throw severalGuests(volume, [attachment, ...more]);
    if (this.compute === undefined) throw noCompute(volume, attachment);
    return this.compute.openDisk(context, { volume, attachment, snapshotId });
  }
}

/** Where the guest's side cannot say which file it has, the locks of its process may. */
async function isOnOlder(active: string, older: readonly string[]): Promise<boolean> {
  if ((await isOpenInQemu(active)).writing === true) return false;
  for (const file of older) if ((await isOpenInQemu(file)).writing === true) return true;
  return false;
}

/** QEMU locks the files that it has open, on every host that sees them. */
async function requireUnused({ id, attachments = [] }: GuestVolume, file: string): Promise<void> {
  if ((await isOpenInQemu(file)).writing !== true) return;
  const [attachment] = attachments;
  throw new DriverError({
    code: attachment === undefined ? 'volume-busy' : 'unavailable',
    message:
      attachment === undefined
        ? `volume ${id} is used by a process that nobody has recorded: it has ${file} open for writing; end it, or ` +
          `record it by attaching the volume`
        : `the guest of volume ${id} on ${attachment.host} cannot be reached, and has ${file} open for writing; see ` +
          `whether its monitor is where the attachment says, and whether that is this host`,
    details: { volumeId: id, file, heldBy: [attachment?.host ?? 'unknown'] },
  });
}

function otherFile({ id }: GuestVolume, active: string): DriverError {
  return new DriverError({
    code: 'damaged',
    message:
      `the guest of volume ${id} does not have its active file ${active} open: it was started with another file. ` +
      `Nothing was changed; stop it, and start it with the file that connecting the volume names (a server of Nova ` +
      `after nova-manage volume_attachment refresh)`,
    details: { volumeId: id, file: active },
  });
}

function severalGuests({ id }: GuestVolume, attachments: readonly VolumeAttachment[]): DriverError {
  return new DriverError({
    code: 'not-supported',
    message:
      `volume ${id} is attached ${String(attachments.length)} times, and only one guest can change a chain of files; ` +
      `detach all but one`,
    details: { volumeId: id, heldBy: attachments.map(({ host }) => host) },
  });
}

function noCompute({ id }: GuestVolume, { host }: VolumeAttachment): DriverError {
  return new DriverError({
    code: 'not-supported',
    message:
      `volume ${id} is in use on ${host}, and there is no way to its guest here; detach it, or run this where a ` +
      `ComputeApi is bound`,
    details: { volumeId: id },
  });
}
