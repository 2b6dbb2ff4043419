import { DriverError, SECTOR_BYTES } from '@scoria/core';
import type { Volume } from '@scoria/core';
import { ImageInspectionError, readQcow2Header } from '@scoria/disk-image';
import type { ImageFormat, Qcow2Header } from '@scoria/disk-image';
import { lstat } from 'node:fs/promises';
import type { Chain, FileFormat, Layer } from './chain.js';
import { fileError, systemCode } from './file-errors.js';
import type { FileNames } from './file-names.js';
import type { ChainInfo } from './info-file.js';
import { readInfo } from './info-file.js';
import type { ShareDirectory } from './share-directory.js';
import { probeFormat } from './probe-format.js';

/** A volume's record and its active file: enough for what does not look below. */
export interface ActiveView {
  readonly info: ChainInfo | undefined;
  readonly active: Layer;
}

/** A volume as far as its files are concerned. */
export type VolumeOnShare = Pick<Volume, 'id' | 'providerMetadata'>;

/** A layer with what its header says of the one below. */
interface LinkedLayer extends Layer {
  readonly backing?: Backing;
}

interface Backing {
  readonly file: string;
  readonly format: FileFormat | undefined;
}

/** More layers than anyone can have; ends a walk over files that name each other. */
const MAX_LAYERS = 5000;

/**
 * Reads chains from a share and checks them: plain names of this volume only, formats as recorded, no header
 * that asks for what it must not have. Nothing is ever probed, but a volume without any record.
 */
export class ChainReader {
  constructor(
    readonly share: ShareDirectory,
    readonly names: FileNames,
  ) {}

  /** The record of a volume, or `undefined` where it has none. */
  async readInfo(volumeId: string): Promise<ChainInfo | undefined> {
    const name = this.names.infoFile(volumeId);
    try {
      return await readInfo(this.share.file(name), name);
    } catch (error) {
      throw fileError(error, `cannot read the chain record ${name}`);
    }
  }

  /**
   * @throws DriverError `volume-not-found`, `damaged`, `unsafe-image`
   */
  async readActive(volume: VolumeOnShare): Promise<ActiveView> {
    const info = await this.readInfo(volume.id);
    return { info, active: await this.#readActiveLayer(volume, info) };
  }

  /**
   * The whole chain, each file checked.
   * @param silent where given, takes the overlays that do not say their backing file's format, instead of an error:
   * for adoption, which records it
   * @throws DriverError `volume-not-found`, `damaged`, `unsafe-image`
   */
  async readChain(volume: VolumeOnShare, silent?: string[]): Promise<Chain> {
    const info = await this.readInfo(volume.id);
    const active = await this.#readActiveLayer(volume, info);
    const layers: [LinkedLayer, ...LinkedLayer[]] = [active];
    let last: LinkedLayer = active;
    while (last.backing !== undefined) {
      last = await this.#readBacking(volume, last, last.backing, silent);
      if (layers.some((layer) => layer.file === last.file) || layers.length >= MAX_LAYERS) {
        throw this.#damaged(volume.id, `the backing files of ${active.file} lead back to ${last.file}`);
      }
      layers.push(last);
    }
    return { volumeId: volume.id, info, layers };
  }

  /**
   * What a file looks like, for a volume that has no recorded format at all.
   * @throws DriverError `unsafe-image`; a system error for a file that is gone
   */
  async probe(volumeId: string, file: string): Promise<ImageFormat> {
    try {
      return await probeFormat(this.share.file(file));
    } catch (error) {
      throw inspectionError(volumeId, file, error);
    }
  }

  /**
   * Looks at one file before a tool opens it; one that is gone is for the tool to complain about.
   * @throws DriverError `unsafe-image`
   */
  async requireSafe(volumeId: string, file: string, format: FileFormat): Promise<void> {
    try {
      await this.#readLayer(volumeId, file, format);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #readActiveLayer(volume: VolumeOnShare, info: ChainInfo | undefined): Promise<LinkedLayer> {
    const first = this.names.volumeFile(volume.id);
    const file = info?.active ?? first;
    this.#requireOwn(volume.id, file, `the chain record ${this.names.infoFile(volume.id)}`);
    try {
      const format = file === first ? await this.#recordedFormat(volume, file) : 'qcow2';
      return await this.#readLayer(volume.id, file, format);
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw info === undefined
        ? notFound(volume.id, this.share.path, file)
        : this.#gone(volume.id, file, this.names.infoFile(volume.id));
    }
  }

  async #readBacking(
    volume: VolumeOnShare,
    above: LinkedLayer,
    backing: Backing,
    silent: string[] | undefined,
  ): Promise<LinkedLayer> {
    const { file } = backing;
    this.#requireOwn(volume.id, file, above.file);
    try {
      const format = backing.format ?? (await this.#unsaidFormat(volume, above.file, file, silent));
      this.#requireAgreement(volume, file, format);
      return await this.#readLayer(volume.id, file, format);
    } catch (error) {
      throw isMissing(error) ? this.#gone(volume.id, file, above.file) : error;
    }
  }

  /** An overlay is qcow2 by its making; the volume's own file is what is recorded, or raw. */
  async #unsaidFormat(
    volume: VolumeOnShare,
    above: string,
    file: string,
    silent: string[] | undefined,
  ): Promise<FileFormat> {
    if (silent === undefined) {
      throw unsafe(
        volume.id,
        above,
        `it does not record the format of its backing file ${file}; adopt the volume to have it recorded`,
      );
    }
    silent.push(above);
    return file === this.names.volumeFile(volume.id) ? this.#recordedFormat(volume, file) : 'qcow2';
  }

  /** The volume's own file has a recorded format; an overlay that says otherwise is wrong or forged. */
  #requireAgreement(volume: VolumeOnShare, file: string, format: FileFormat): void {
    const recorded = recordedFormat(volume);
    if (recorded === undefined || file !== this.names.volumeFile(volume.id) || recorded === format) return;
    throw this.#damaged(
      volume.id,
      `${file} is recorded as ${recorded}, but the file above it says ${format}`,
    );
  }

  async #recordedFormat(volume: VolumeOnShare, file: string): Promise<FileFormat> {
    const recorded = recordedFormat(volume);
    if (recorded !== undefined) return recorded;
    const found = await this.probe(volume.id, file);
    if (found === 'raw') return 'raw';
    throw unsafe(
      volume.id,
      file,
      `no format is recorded for it and it looks like ${found}, which a guest can forge; ` +
        `record its format if you know that it is one`,
    );
  }

  async #readLayer(volumeId: string, file: string, format: FileFormat): Promise<LinkedLayer> {
    const path = this.share.file(file);
    if (format === 'raw') return { file, format, virtualBytes: await rawSize(volumeId, path, file) };
    const { header, findings } = await readQcow2Header(path).catch((error: unknown) => {
      throw inspectionError(volumeId, file, error);
    });
    const unwelcome = findings.filter((finding) => finding.code !== 'backing-file');
    if (unwelcome.length > 0) {
      throw unsafe(volumeId, file, unwelcome.map(({ code, detail }) => `${code}: ${detail}`).join('; '));
    }
    return { file, format, virtualBytes: header.virtualSize, ...backingOf(volumeId, file, header) };
  }

  #requireOwn(volumeId: string, file: string, from: string): void {
    if (this.names.isOfChain(file, volumeId)) return;
    throw unsafe(volumeId, from, `it names ${JSON.stringify(file)}, which is no file of this volume`);
  }

  #gone(volumeId: string, file: string, from: string): DriverError {
    return this.#damaged(volumeId, `the file ${file}, which ${from} names, is gone`);
  }

  #damaged(volumeId: string, found: string): DriverError {
    return new DriverError({
      code: 'damaged',
      message:
        `the chain of volume ${volumeId} on ${this.share.path} is damaged: ${found}. ` +
        `Nothing was changed; restore the file, or compare the record with the files`,
      details: { volumeId },
    });
  }
}

function recordedFormat(volume: VolumeOnShare): FileFormat | undefined {
  const format = volume.providerMetadata.format;
  if (format === undefined || format === 'raw' || format === 'qcow2') return format;
  throw new DriverError({
    code: 'invalid-input',
    message: `the format recorded for volume ${volume.id} is ${JSON.stringify(format)}, not raw or qcow2`,
  });
}

function backingOf(volumeId: string, file: string, header: Qcow2Header): Pick<LinkedLayer, 'backing'> {
  if (header.backingFile === undefined) return {};
  const { backingFormat: format, backingFile } = header;
  if (format === undefined || format === 'raw' || format === 'qcow2') {
    return { backing: { file: backingFile, format } };
  }
  throw unsafe(volumeId, file, `it says that its backing file has the format ${JSON.stringify(format)}`);
}

async function rawSize(volumeId: string, path: string, file: string): Promise<number> {
  const stats = await lstat(path);
  if (!stats.isFile()) throw unsafe(volumeId, file, 'it is no regular file');
  return Math.ceil(stats.size / SECTOR_BYTES) * SECTOR_BYTES;
}

function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT';
}

function inspectionError(volumeId: string, file: string, error: unknown): unknown {
  if (!(error instanceof ImageInspectionError)) return error;
  if (error.code === 'not-found') return error.cause;
  if (error.code === 'unreadable') return fileError(error.cause, `cannot read ${file}`);
  return unsafe(volumeId, file, error.message, error);
}

function unsafe(volumeId: string, file: string, why: string, cause?: unknown): DriverError {
  return new DriverError({
    code: 'unsafe-image',
    message: `volume ${volumeId} was not touched: ${file} is refused, because ${why}`,
    details: { volumeId, file },
    cause,
  });
}

function notFound(volumeId: string, share: string, file: string): DriverError {
  return new DriverError({
    code: 'volume-not-found',
    message: `volume ${volumeId} is not on the share ${share}: there is no file ${file}`,
    details: { volumeId, share, file },
  });
}
