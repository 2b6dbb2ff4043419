import {
  CommandRunner,
  DriverError,
  GIB,
  sizeProblem,
  type CommandLimits,
  type CommandResult,
} from '@scoria/core';
import { inject, injectable } from 'inversify';

import { chainGraph, graphName, imageGraph } from './block-graph.js';
import type { ChainLayer } from './chain-layer.js';
import { convertArguments } from './convert-arguments.js';
import { fillNewFile, syncFile } from './image-files.js';
import type {
  BackingChange,
  CheckResult,
  ConvertTarget,
  NewImage,
  NewOverlay,
  QemuImgRun,
  TransferFile,
} from './qemu-img-requests.js';
import { onTopLayers } from './top-layers.js';
import { assertAbsolutePath, assertPlainName } from './safe-names.js';
import { TOOL_ENVIRONMENT } from './tool-environment.js';
import { toolError } from './tool-error.js';
import { readVirtualSize } from './virtual-size.js';

const HEADERS: RunKind = { timeoutMs: 120_000, limits: { cpuSeconds: 60 } };
const DATA: RunKind = { timeoutMs: 7_200_000, limits: { cpuSeconds: 3_600 } };

interface RunKind {
  readonly timeoutMs: number;
  readonly limits: CommandLimits;
}

/**
 * qemu-img, with every format and every file given by the caller: it never probes, and opens no file that only
 * a header names. Each run has limits of time, processor time and memory, and ends when its signal is aborted.
 * What a method changed is on disk when it returns.
 *
 * Raises `DriverError`: `unavailable` (not installed), `no-space`, `volume-busy` (another process has the image
 * open), `unsafe-image` (a limit was reached), `timeout`, `cancelled`, `invalid-input`, otherwise `failed`.
 */
@injectable()
export class QemuImg {
  constructor(@inject(CommandRunner) private readonly commands: CommandRunner) {}

  /** The version, such as '7.2.22'. Raises `unavailable` when qemu-img is not installed. */
  async version(run: QemuImgRun): Promise<string> {
    const { stdout } = await this.run(['--version'], 'qemu-img --version', HEADERS, run);
    return /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? 'unknown';
  }

  /** Creates an image without a backing file. Raises `already-exists`; leaves nothing behind when it fails. */
  async create(image: NewImage, run: QemuImgRun): Promise<void> {
    assertSize(image.path, image.sizeBytes);
    const { preallocation } = image;
    const options = preallocation === undefined ? [] : ['-o', `preallocation=${preallocation}`];
    const args = ['create', '-q', '-f', image.format, ...options, '--', image.path, String(image.sizeBytes)];
    const kind = preallocation === undefined || preallocation === 'off' ? HEADERS : DATA;
    await this.createFile(image, args, kind, run);
  }

  /** Creates an overlay without opening what is below, so it takes as long on a deep chain as on a short one. */
  async createOverlay(overlay: NewOverlay, run: QemuImgRun): Promise<void> {
    assertSize(overlay.path, overlay.sizeBytes);
    assertPlainName(overlay.backingName);
    const backing = ['-u', '-b', overlay.backingName, '-F', overlay.backingFormat];
    const args = ['create', '-q', '-f', 'qcow2', ...backing, '--', overlay.path, String(overlay.sizeBytes)];
    await this.createFile({ ...overlay, format: 'qcow2' }, args, HEADERS, run, overlay.durable);
  }

  /**
   * Merges the first layer into the second, which grows if it is smaller. The first file stays as it is, so a
   * commit that was interrupted can be run again.
   * @param layers the whole chain from the layer to merge down to the base; those below the second are opened
   * only where clusters of different sizes make their data necessary
   */
  async commit(layers: readonly ChainLayer[], run: QemuImgRun): Promise<void> {
    const [overlay, base] = layers;
    if (overlay?.format !== 'qcow2' || base === undefined) {
      throw new DriverError({
        code: 'invalid-input',
        message: 'a commit needs a qcow2 layer above another layer',
      });
    }
    const what = `qemu-img commit of ${overlay.path} into ${base.path}`;
    await onTopLayers(layers, 2, async (graph) => {
      await this.run(['commit', '-q', '-d', '-t', 'writeback', '--', graphName(graph)], what, DATA, run);
    });
    await syncFile(base.path);
    await this.assertGrown(base, await readVirtualSize(overlay), what);
  }

  /** Changes which backing file a header names, without looking at either file's data. */
  async rebaseUnsafe(change: BackingChange, run: QemuImgRun): Promise<void> {
    assertAbsolutePath(change.path);
    assertPlainName(change.backingName);
    const backing = ['-b', change.backingName, '-F', change.backingFormat];
    const args = ['rebase', '-q', '-u', '-f', 'qcow2', ...backing, '--', change.path];
    await this.run(args, `qemu-img rebase of ${change.path} onto ${change.backingName}`, HEADERS, run);
    await syncFile(change.path);
  }

  /**
   * Grows the first layer; the new end reads as zeroes. Nothing is done when it has the size already.
   * Raises `invalid-input` where that would shrink it.
   * @param layers the first, and for a qcow2 file those below it
   */
  async resize(layers: readonly ChainLayer[], sizeBytes: number, run: QemuImgRun): Promise<void> {
    const [layer] = layers;
    if (layer === undefined)
      throw new DriverError({ code: 'invalid-input', message: 'there is no layer to resize' });
    assertSize(layer.path, sizeBytes);
    const present = await readVirtualSize(layer);
    if (present === sizeBytes) return;
    if (present > sizeBytes) throw shrinkError(layer.path, present, sizeBytes);
    const what = `qemu-img resize of ${layer.path} to ${sizeBytes} bytes`;
    await onTopLayers(layers, 1, async (graph) => {
      await this.run(['resize', '-q', '--', graphName(graph), String(sizeBytes)], what, HEADERS, run);
    });
    await syncFile(layer.path);
    await this.assertGrown(layer, sizeBytes, what);
  }

  /**
   * Copies what a guest sees into another file and format.
   * @param source one image, which is read without any backing file, or a chain, active layer first
   */
  async convert(
    source: TransferFile | readonly ChainLayer[],
    target: ConvertTarget,
    run: QemuImgRun,
  ): Promise<void> {
    const graph = isChain(source) ? chainGraph(source) : imageGraph(source);
    const what = `qemu-img convert to ${target.path}`;
    const convert = async (): Promise<void> => {
      await this.run(convertArguments(graph, target), what, DATA, run);
      await syncFile(target.path);
    };
    await (target.existing ? convert() : fillNewFile(target.path, convert));
  }

  /** Checks the metadata of a qcow2 file, without opening what is below. */
  async check(path: string, run: QemuImgRun): Promise<CheckResult> {
    const name = graphName(imageGraph({ path, format: 'qcow2' }));
    const args = ['check', '--output=json', '--', name];
    const { stdout } = await this.run(args, `qemu-img check of ${path}`, DATA, run, [0, 2, 3]);
    const found = JSON.parse(stdout) as Partial<CheckResult>;
    return { corruptions: found.corruptions ?? 0, leaks: found.leaks ?? 0 };
  }

  private async createFile(
    image: NewImage,
    args: string[],
    kind: RunKind,
    run: QemuImgRun,
    durable = true,
  ): Promise<void> {
    const what = `qemu-img create of ${image.path}`;
    await fillNewFile(image.path, async () => {
      await this.run(args, what, kind, run);
      await Promise.all([
        this.assertGrown(image, image.sizeBytes, what),
        durable ? syncFile(image.path) : undefined,
      ]);
    });
  }

  /** The exit status alone is not believed. */
  private async assertGrown(layer: ChainLayer, sizeBytes: number, what: string): Promise<void> {
    const size = await readVirtualSize(layer);
    if (size >= sizeBytes) return;
    throw new DriverError({
      code: 'failed',
      message: `${what} reported success, but ${layer.path} has ${size} bytes instead of ${sizeBytes}`,
      details: { path: layer.path },
    });
  }

  private async run(
    args: readonly string[],
    what: string,
    kind: RunKind,
    run: QemuImgRun,
    acceptExitCodes: readonly number[] = [0],
  ): Promise<CommandResult> {
    const limits = { addressSpaceBytes: GIB, ...kind.limits, ...run.limits };
    try {
      return await this.commands.run({
        command: 'qemu-img',
        args,
        timeoutMs: run.timeoutMs ?? kind.timeoutMs,
        signal: run.signal,
        limits,
        env: TOOL_ENVIRONMENT,
        acceptExitCodes,
        ...(run.locksIn === undefined ? {} : { locksIn: run.locksIn }),
      });
    } catch (error) {
      throw toolError(error, what, limits);
    }
  }
}

function isChain(source: TransferFile | readonly ChainLayer[]): source is readonly ChainLayer[] {
  return Array.isArray(source);
}

function assertSize(path: string, sizeBytes: number): void {
  const problem = sizeProblem(sizeBytes);
  if (problem === undefined) return;
  throw new DriverError({ code: 'invalid-input', message: `wrong size for ${path}: ${problem}` });
}

function shrinkError(path: string, present: number, wanted: number): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `${path} has ${present} bytes and is never made smaller, ${wanted} bytes were asked for`,
    details: { path, presentBytes: present, wantedBytes: wanted },
  });
}
