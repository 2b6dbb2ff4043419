import { DriverError, isUuid, messageOf, SECTOR_BYTES } from '@scoria/core';
import type { ManageableEntry, ManageReference, ModelUpdate, OperationContext, Volume } from '@scoria/core';
import { checkClaim, inspectFile } from '@scoria/disk-image';
import type { ImageReport } from '@scoria/disk-image';
import { inject, injectable } from 'inversify';
import { readdir } from 'node:fs/promises';
import type { FileFormat, Layer } from '../chain/chain.js';
import { isThere } from '../chain/durable-files.js';
import { fileError } from '../chain/file-errors.js';
import { isPlainName } from '../chain/file-names.js';
import { planManage } from '../plan/volume-plans.js';
import { noShare } from '../shares/placement.js';
import type { Share } from '../shares/share.js';
import type { Claim } from './file-volumes.js';
import { FileVolumes } from './file-volumes.js';
import { requireUnusedId } from './unused-names.js';

const REFERENCE = `{ 'source-name': '<share>/<file>' } or '<file>', and 'source-format': 'qcow2' for a qcow2 file`;

const FORGEABLE =
  'it looks like qcow2, which a guest can forge in a raw volume; manage it as such only if you know that it is one';

interface FoundFile {
  readonly share: Share;
  readonly file: string;
  readonly format: FileFormat;
}

/** Takes single files on a share over as volumes. */
@injectable()
export class ManageFiles {
  constructor(@inject(FileVolumes) private readonly volumes: FileVolumes) {}

  /** See `ManageVolumes.listManageable`. */
  async *list(context: OperationContext, known: readonly Volume[]): AsyncIterable<ManageableEntry> {
    const knownIds = new Set(known.map((volume) => volume.id));
    for (const share of await this.volumes.shares.available(context)) {
      const names = await readdir(share.path, { withFileTypes: true });
      for (const entry of names) {
        if (!entry.isFile() || !isPlainName(entry.name) || this.#belongsTo(entry.name, knownIds)) continue;
        context.signal.throwIfAborted();
        yield await this.#describe({ share, file: entry.name, format: 'raw' });
      }
    }
  }

  /** See `ManageVolumes.manageExistingSize`. */
  async size(context: OperationContext, reference: ManageReference): Promise<number> {
    const found = await this.#find(context, reference);
    return (await this.#inspect(found)).virtualBytes;
  }

  /** See `ManageVolumes.manageExisting`. */
  async manage(context: OperationContext, volume: Volume, reference: ManageReference): Promise<ModelUpdate> {
    const { names } = this.volumes;
    const found = await this.#find(context, reference);
    await using held = await this.volumes.holdAll(context, this.#claims(volume, found));
    await requireUnusedId(context, this.volumes, volume.id, found.share);
    const here = await isThere(held.tools.directory.file(found.file));
    // Gone, but the volume is there: this was done before.
    const layer = await this.#inspect(here ? found : { ...found, file: names.volumeFile(volume.id) });
    const sizeBytes = Math.max(volume.sizeBytes, layer.virtualBytes);
    await held.tools.executor.run(context, planManage(names, volume.id, layer, sizeBytes));
    return { providerLocation: found.share.share, providerMetadata: { format: layer.format }, sizeBytes };
  }

  /** A file that has a volume's name is locked under that name too: somebody may still be at work on it. */
  #claims(volume: Volume, { share, file }: FoundFile): [Claim, ...Claim[]] {
    const formerId = this.volumes.names.volumeIdOf(file);
    const claim = (volumeId: string): Claim => ({ volumeId, share, mode: 'exclusive' });
    return formerId === undefined || formerId === volume.id
      ? [claim(volume.id)]
      : [claim(volume.id), claim(formerId)];
  }

  /**
   * Listing opens nothing. What looks like a sound qcow2 file may be named as one by whoever knows that it is; where
   * volumes are raw, it is as likely that a guest wrote that header, so it is not called safe.
   */
  async #describe(found: FoundFile): Promise<ManageableEntry> {
    const reference = { 'source-name': `${found.share.share}/${found.file}` };
    try {
      await this.#refuseChains(found);
      const format = (await this.#report(found)).format === 'qcow2' ? 'qcow2' : 'raw';
      const { virtualBytes } = await this.#inspect({ ...found, format });
      if (format === 'raw') return { reference, sizeBytes: virtualBytes, safeToManage: true, reason: '' };
      const named = { ...reference, 'source-format': format };
      const safeToManage = this.volumes.policy.format === format;
      return {
        reference: named,
        sizeBytes: virtualBytes,
        safeToManage,
        reason: safeToManage ? '' : FORGEABLE,
      };
    } catch (error) {
      return { reference, safeToManage: false, reason: messageOf(error) };
    }
  }

  async #find(context: OperationContext, reference: ManageReference): Promise<FoundFile> {
    const name = reference['source-name'] ?? '';
    const slash = name.lastIndexOf('/');
    const file = name.slice(slash + 1);
    if (!isPlainName(file)) throw badReference(`${JSON.stringify(name)} does not end with a file's name`);
    const found = {
      share: await this.#shareIn(context, name.slice(0, Math.max(slash, 0))),
      file,
      format: formatIn(reference),
    };
    await this.#refuseChains(found);
    return found;
  }

  async #shareIn(context: OperationContext, name: string): Promise<Share> {
    const shares = await this.volumes.shares.available(context);
    const [only, ...others] = shares;
    if (only === undefined) throw noShare(this.volumes.shares.problems(), 'no file on one can be taken over');
    if (name === '' && others.length === 0) return only;
    const found = shares.find(({ share }) => share === name);
    if (found !== undefined) return found;
    const known = shares.map(({ share }) => share).join(', ');
    throw badReference(`${JSON.stringify(name)} is none of the usable shares (${known})`);
  }

  /** A file of a chain is half a volume; whole chains are adopted. */
  async #refuseChains({ share, file }: FoundFile): Promise<void> {
    const { names } = this.volumes;
    const isPart = isPartOfChain(file, names.volumeFile('%s'));
    const ownerId = names.volumeIdOf(file);
    const info = ownerId && (await this.volumes.toolsFor(share).reader.readInfo(ownerId));
    if (!isPart && info === undefined) return;
    throw new DriverError({
      code: 'invalid-input',
      message: `${file} on ${share.share} is part of a volume with snapshots; adopt the volume instead`,
    });
  }

  async #report({ share, file }: FoundFile): Promise<ImageReport> {
    const path = this.volumes.toolsFor(share).directory.file(file);
    return inspectFile(path).catch((error: unknown) => {
      throw refused(share, file, error);
    });
  }

  /** The file as what it is said to be, if header and content agree. */
  async #inspect(found: FoundFile): Promise<Layer> {
    const { share, file, format } = found;
    const report = await this.#report(found);
    const findings = [...checkClaim(report, format), ...report.findings];
    if (findings.length > 0) {
      throw new DriverError({
        code: 'unsafe-image',
        message:
          `${file} on ${share.share} is refused as ${format}: ` +
          findings.map(({ code, detail }) => `${code}: ${detail}`).join('; '),
      });
    }
    return { file, format, virtualBytes: wholeSectors(report.virtualSize) };
  }

  #belongsTo(file: string, ids: ReadonlySet<string>): boolean {
    const first = this.volumes.names.volumeFile('');
    return (
      [...ids].some((id) => file.startsWith(this.volumes.names.volumeFile(id))) && file.length > first.length
    );
  }
}

function isPartOfChain(file: string, template: string): boolean {
  const [before, after] = template.split('%s') as [string, string];
  const id = file.slice(before.length, before.length + 36);
  const rest = file.slice(before.length + 36);
  return file.startsWith(before) && isUuid(id) && rest.startsWith(`${after}.`);
}

function formatIn(reference: ManageReference): FileFormat {
  const format = reference['source-format'] ?? 'raw';
  if (format === 'raw' || format === 'qcow2') return format;
  throw badReference(`the source-format ${JSON.stringify(format)} is neither raw nor qcow2`);
}

function badReference(found: string): DriverError {
  return new DriverError({ code: 'invalid-input', message: `the reference must be ${REFERENCE}: ${found}` });
}

function refused(share: Share, file: string, error: unknown): DriverError {
  const code = (error as { code?: unknown }).code;
  if (code === 'unreadable')
    return fileError((error as Error).cause, `cannot read ${file} on ${share.share}`);
  return new DriverError({
    code: code === 'not-found' ? 'volume-not-found' : 'unsafe-image',
    message: code === 'not-found' ? `there is no file ${file} on ${share.share}` : messageOf(error),
    cause: error,
  });
}

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}
