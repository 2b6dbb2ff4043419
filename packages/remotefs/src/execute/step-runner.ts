import { DriverError } from '@scoria/core';
import type { ChainLayer, QemuImg, QemuImgRun } from '@scoria/disk-image';
import { readQcow2Header } from '@scoria/disk-image';
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  inDirectory,
  isThere,
  makeDirectory,
  publishFile,
  removeFile,
  replaceFile,
  syncDirectory,
  takePermissions,
} from '../chain/durable-files.js';
import { explained } from '../chain/file-errors.js';
import type { FileNames } from '../chain/file-names.js';
import { formatInfo } from '../chain/info-file.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import type { FileOfChain, GuestStep, Step, TemporaryFile } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import { cloneFile, createRawFile, growRawFile, replaceByRename } from './file-steps.js';

/** What is done on the files, and by nobody else. */
type FileStep = Exclude<Step, GuestStep>;
type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;
type File = string | TemporaryFile;

/** Does single steps on one share. Each can be run again after it was cut off; see {@link Step}. */
export class StepRunner {
  constructor(
    private readonly share: ShareDirectory,
    private readonly names: FileNames,
    private readonly qemuImg: QemuImg,
    /** The mode of new volume files. */
    private readonly fileMode: number,
  ) {}

  /**
   * @param volumeId whose step it is
   * @throws DriverError naming the step
   */
  async run(volumeId: string, step: FileStep, run: QemuImgRun): Promise<void> {
    const { signal } = run;
    const confined = this.#isConfined(step) ? { ...run, signal, locksIn: [this.share.path] } : run;
    await explained(`cannot ${describeStep(step)}`, () => this.#dispatch(volumeId, step, confined));
  }

  /** Whether the step works on this share only: a copy may have its source elsewhere. */
  #isConfined(step: FileStep): boolean {
    if (step.kind !== 'copy') return true;
    return step.source.layers.every((layer) => dirname(layer.path) === this.share.path);
  }

  async #dispatch(volumeId: string, step: FileStep, run: QemuImgRun): Promise<void> {
    switch (step.kind) {
      case 'create-file':
        await this.#createFile(step, run);
        break;
      case 'create-overlay':
        await this.#createOverlay(step, run);
        break;
      case 'copy':
        await this.#copy(step, run);
        break;
      case 'grow':
        await this.#grow(step, run);
        break;
      case 'publish':
        await publishFile(this.#path(step.file), this.share.file(step.as));
        break;
      case 'replace':
        await this.#replace(step);
        break;
      case 'commit':
        await this.#commit(step, run);
        break;
      case 'rebase':
        await this.#rebase(step, run);
        break;
      case 'write-info':
        await this.#writeInfo(volumeId, step);
        break;
      case 'remove':
        await this.#remove(step);
        break;
      case 'rename':
        await this.#rename(step);
        break;
    }
  }

  async #createFile(step: StepOf<'create-file'>, run: QemuImgRun): Promise<void> {
    const path = this.#path(step.file);
    const { format, sizeBytes, preallocated } = step;
    await this.#fresh(path, async () => {
      if (format === 'raw') await createRawFile(path, sizeBytes, preallocated);
      else await this.qemuImg.create({ path, format, sizeBytes, ...allocation(preallocated) }, run);
    });
    await chmod(path, this.fileMode);
  }

  async #createOverlay(step: StepOf<'create-overlay'>, run: QemuImgRun): Promise<void> {
    const path = this.#path(step.file);
    const { backing: backingName, backingFormat, sizeBytes } = step;
    const isTemporary = typeof step.file !== 'string';
    // One that gets its name at once is on disk before a record names it.
    const overlay = { path, backingName, backingFormat, sizeBytes, durable: isTemporary };
    const create = async (): Promise<void> => this.qemuImg.createOverlay(overlay, run);
    await (isTemporary ? this.#fresh(path, create) : create());
    await takePermissions(path, this.share.file(backingName));
  }

  async #copy(step: StepOf<'copy'>, run: QemuImgRun): Promise<void> {
    const path = this.#path(step.file);
    const { source, format, preallocated } = step;
    await this.#fresh(path, async () => {
      const [first, ...below] = source.layers;
      const alike = below.length === 0 && first.format === format && !preallocated;
      if (alike && (await cloneFile(first.path, path))) return;
      await this.qemuImg.convert(source.layers, { path, format, sparse: !preallocated }, run);
    });
    await chmod(path, this.fileMode);
  }

  async #grow(step: StepOf<'grow'>, run: QemuImgRun): Promise<void> {
    const path = this.#path(step.file);
    if (step.format === 'raw') {
      await growRawFile(path, step.sizeBytes, step.preallocated);
      return;
    }
    if ((await virtualBytes(path)) >= step.sizeBytes) return;
    await this.qemuImg.resize(
      [{ path, format: step.format }, ...this.#layers(step.below)],
      step.sizeBytes,
      run,
    );
  }

  async #replace(step: StepOf<'replace'>): Promise<void> {
    await replaceByRename(this.#path(step.file), this.share.file(step.as));
  }

  async #commit(step: StepOf<'commit'>, run: QemuImgRun): Promise<void> {
    const merged: ChainLayer = { path: this.share.file(step.file), format: 'qcow2' };
    await this.qemuImg.commit([merged, ...this.#layers(step.below)], run);
  }

  async #rebase(step: StepOf<'rebase'>, run: QemuImgRun): Promise<void> {
    const { backing: backingName, backingFormat } = step;
    await this.qemuImg.rebaseUnsafe({ path: this.share.file(step.file), backingName, backingFormat }, run);
  }

  async #writeInfo(volumeId: string, step: StepOf<'write-info'>): Promise<void> {
    const file = this.share.file(this.names.infoFile(volumeId));
    if (step.info === undefined) {
      await removeFile(file);
      await syncDirectory(this.share.path);
      return;
    }
    const through = this.share.temporary(`${volumeId}.info`);
    const { active } = step.info;
    const text = formatInfo(step.info);
    await inDirectory(this.share.temporaries, async () =>
      replaceFile(file, text, through, this.share.file(active)),
    );
  }

  async #remove(step: StepOf<'remove'>): Promise<void> {
    await removeFile(this.#path(step.file));
  }

  async #rename(step: StepOf<'rename'>): Promise<void> {
    if (await isThere(this.share.file(step.file)))
      await publishFile(this.share.file(step.file), this.share.file(step.as));
    else if (!(await isThere(this.share.file(step.as)))) throw this.#gone(step.file);
    await chmod(this.share.file(step.as), this.fileMode);
  }

  /** Makes a temporary file anew, in a directory of its own. */
  async #fresh(path: string, make: () => Promise<void>): Promise<void> {
    await makeDirectory(this.share.temporaries);
    await removeFile(path);
    await make();
  }

  #gone(file: string): DriverError {
    return new DriverError({
      code: 'volume-not-found',
      message: `the file ${file} is not on the share ${this.share.path}`,
    });
  }

  #path(file: File): string {
    return typeof file === 'string' ? this.share.file(file) : this.share.temporary(file.temporary);
  }

  #layers(files: readonly FileOfChain[]): ChainLayer[] {
    return files.map(({ file, format }) => ({ path: this.share.file(file), format }));
  }
}

function allocation(preallocated: boolean): { preallocation?: 'falloc' } {
  return preallocated ? { preallocation: 'falloc' } : {};
}

async function virtualBytes(path: string): Promise<number> {
  const { header } = await readQcow2Header(path);
  return header.virtualSize;
}
