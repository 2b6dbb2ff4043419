import { CommandRunner } from '@scoria/core';
import { checkClaim, copyDevice, inspectFile, openChainDevice } from '@scoria/disk-image';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import { findVolume } from '../lookup.js';
import { DataAccess } from '../operations/data-access.js';
import type { Caller, ImageFile } from '../requests.js';
import { Store } from '@scoria/store';

/** Writes image files into volumes of whatever backend: converted on the way, without a copy of them beside. */
@injectable()
export class ImageImport {
  constructor(
    @inject(CommandRunner) private readonly commands: CommandRunner,
    @inject(DataAccess) private readonly data: DataAccess,
    @inject(Store) private readonly store: Store,
  ) {}

  /** See `VolumeManager.importImage`. */
  async run(
    caller: Caller,
    name: string,
    image: ImageFile,
    tell: (done: number, total: number) => void,
  ): Promise<number> {
    const { id, sizeBytes } = await findVolume(this.store, caller.projectId, name);
    const imageBytes = await sizeOf(image);
    if (imageBytes > sizeBytes) throw tooLarge(image, imageBytes, sizeBytes);
    await this.data.useVolume(caller, id, 'read-write', async (target, progress, signal) => {
      const layers = [{ path: image.file, format: image.format }];
      await using source = await openChainDevice(this.commands, { layers, mode: 'read-only', signal });
      const { requestId = `req-${randomUUID()}` } = caller;
      await copyDevice(source, target, {
        requestId,
        signal,
        progress: ({ done, total }) => {
          progress(done, total);
          tell(done, total);
        },
      });
    });
    return imageBytes;
  }
}

/** The size a guest would see. @throws ManagerError `invalid-input` what is not what it is said to be, or is unsafe */
async function sizeOf({ file, format }: ImageFile): Promise<number> {
  const report = await inspectFile(file);
  const findings = [...checkClaim(report, format), ...report.findings];
  if (findings.length === 0) return report.virtualSize;
  throw new ManagerError({
    code: 'invalid-input',
    message:
      `${file} is not taken for a ${format} image that is safe to read: ` +
      findings.map(({ code, detail }) => `${code}: ${detail}`).join('; '),
    details: { file, findings: findings.map(({ code }) => code) },
  });
}

function tooLarge({ file }: ImageFile, imageBytes: number, sizeBytes: number): ManagerError {
  return new ManagerError({
    code: 'invalid-input',
    message:
      `${file} holds a disk of ${imageBytes} bytes, which does not fit into the volume's ${sizeBytes}; extend the ` +
      'volume first',
    details: { file, imageBytes, sizeBytes },
  });
}
