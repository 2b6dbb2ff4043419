import { randomInt } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CommandRunner, MIB } from '@scoria/core';
import { hostModule } from '@scoria/host';
import { Container } from 'inversify';

import { diskImageModule } from '../disk-image-module.js';
import type { ChainFormat, ChainLayer } from '../qemu-img/chain-layer.js';
import { QemuImg } from '../qemu-img/qemu-img.js';

export interface TestWrite {
  readonly offset: number;
  readonly length: number;
  readonly byte: number;
}

/** A chain of real files with a buffer beside each that says what must be read. Layer 0 is the base. */
export class TestChain {
  readonly commands: CommandRunner;
  readonly qemuImg: QemuImg;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #layers: ChainLayer[] = [];
  readonly #models: Buffer[] = [];

  private constructor(readonly directory: string) {
    const container = new Container();
    container.load(hostModule(), diskImageModule);
    this.commands = container.get(CommandRunner);
    this.qemuImg = container.get(QemuImg);
  }

  static async create(): Promise<TestChain> {
    return new TestChain(await mkdtemp(join(tmpdir(), 'test-chain-')));
  }

  /** The same chain in another directory. */
  async copy(): Promise<TestChain> {
    const other = await TestChain.create();
    for (const [index, { path, format }] of this.#layers.entries()) {
      const target = join(other.directory, `layer-${index}`);
      await copyFile(path, target);
      other.#layers.push({ path: target, format });
      other.#models.push(Buffer.from(this.model(index)));
    }
    return other;
  }

  /** A raw base below three overlays, each a little larger than the one below, with random data in all of them. */
  static async scribbled(): Promise<TestChain> {
    const chain = await TestChain.create();
    await chain.addBase('raw', 4 * MIB);
    await chain.scribble(0, 20);
    for (const layer of [1, 2, 3]) {
      await chain.addOverlay(4 * MIB + layer * 1536);
      await chain.scribble(layer, 12);
    }
    return chain;
  }

  get depth(): number {
    return this.#layers.length;
  }

  /** From layer `top` down to the base, as the functions under test take them. */
  layers(top = this.depth - 1): ChainLayer[] {
    return this.#layers.slice(0, top + 1).reverse();
  }

  model(layer: number): Buffer {
    return at(this.#models, layer);
  }

  async addBase(format: ChainFormat, sizeBytes: number): Promise<void> {
    const path = join(this.directory, 'layer-0');
    await this.qemuImg.create({ path, format, sizeBytes }, this);
    this.#layers.push({ path, format });
    this.#models.push(Buffer.alloc(sizeBytes));
  }

  /** A large empty base and an empty overlay, without models. */
  async addSparse(sizeBytes: number): Promise<void> {
    const [base, overlay] = [join(this.directory, 'layer-0'), join(this.directory, 'layer-1')];
    await this.qemuImg.create({ path: base, format: 'raw', sizeBytes }, this);
    await this.qemuImg.createOverlay(
      { path: overlay, backingName: 'layer-0', backingFormat: 'raw', sizeBytes },
      this,
    );
    this.#layers.push({ path: base, format: 'raw' }, { path: overlay, format: 'qcow2' });
  }

  async addOverlay(sizeBytes: number, options: readonly string[] = []): Promise<void> {
    const below = at(this.#layers, this.depth - 1);
    const name = `layer-${this.depth}`;
    const path = join(this.directory, name);
    if (options.length === 0) {
      const backingName = `layer-${this.depth - 1}`;
      await this.qemuImg.createOverlay({ path, backingName, backingFormat: below.format, sizeBytes }, this);
    } else {
      const backing = ['-u', '-b', `layer-${this.depth - 1}`, '-F', below.format];
      await this.#tool('qemu-img', [
        'create',
        '-q',
        '-f',
        'qcow2',
        ...options,
        ...backing,
        path,
        `${sizeBytes}`,
      ]);
    }
    const model = Buffer.alloc(sizeBytes);
    at(this.#models, this.depth - 1).copy(model);
    this.#layers.push({ path, format: 'qcow2' });
    this.#models.push(model);
  }

  async write(layer: number, ...writes: TestWrite[]): Promise<void> {
    const commands = writes.map(({ offset, length, byte }) => `write -q -P ${byte} ${offset} ${length}`);
    await this.#io(layer, commands);
    for (const { offset, length, byte } of writes) this.model(layer).fill(byte, offset, offset + length);
  }

  /** For layers without a model. */
  async writeAt(layer: number, { offset, length, byte }: TestWrite): Promise<void> {
    await this.#io(layer, [`write -q -P ${byte} ${offset} ${length}`]);
  }

  async zero(layer: number, range: Omit<TestWrite, 'byte'>): Promise<void> {
    await this.#io(layer, [`write -q -z -u ${range.offset} ${range.length}`]);
    this.model(layer).fill(0, range.offset, range.offset + range.length);
  }

  /** Random writes, whole clusters and parts of one, and zeroes. */
  async scribble(layer: number, count: number): Promise<void> {
    const size = this.model(layer).length;
    const writes = Array.from({ length: count }, (): TestWrite => {
      const offset = randomInt(size / 512) * 512;
      const length = Math.min(randomInt(1, 400) * 512, size - offset);
      return { offset, length, byte: randomInt(3) === 0 ? 0 : randomInt(1, 256) };
    });
    await this.#io(
      layer,
      writes.map(({ offset, length, byte }) =>
        byte === 0 ? `write -q -z -u ${offset} ${length}` : `write -q -P ${byte} ${offset} ${length}`,
      ),
    );
    for (const { offset, length, byte } of writes) this.model(layer).fill(byte, offset, offset + length);
  }

  async commit(layer: number): Promise<void> {
    await this.qemuImg.commit(this.layers(layer), this);
  }

  /** The process of that name which has this chain's base open. */
  async pidOf(command: string): Promise<number> {
    const { stdout } = await this.#tool('pgrep', ['-f', `^([^ ]*/)?${command} .*${this.directory}/`]);
    return Number(stdout.trim());
  }

  async hide(layer: number): Promise<void> {
    await rename(at(this.#layers, layer).path, join(this.directory, 'hidden'));
  }

  async unhide(layer: number): Promise<void> {
    await rename(join(this.directory, 'hidden'), at(this.#layers, layer).path);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  async expectLayer(layer: number, model = this.model(layer)): Promise<void> {
    const path = join(this.directory, 'flat');
    const { path: source, format } = at(this.#layers, layer);
    await this.#tool('qemu-img', ['convert', '-f', format, '-O', 'raw', source, path]);
    const found = await readFile(path);
    await rm(path);
    const difference = firstDifference(found, model);
    if (difference !== undefined) throw new Error(`layer ${layer} differs ${difference}`);
  }

  async #io(layer: number, commands: readonly string[]): Promise<void> {
    const { path, format } = at(this.#layers, layer);
    await this.#tool('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), path]);
  }

  async #tool(command: string, args: readonly string[]): Promise<{ stdout: string }> {
    return this.commands.run({ command, args, timeoutMs: 60_000 });
  }
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`there is no layer ${index}`);
  return found;
}

/** A mismatch that can be read, where a diff of two big buffers cannot. */
export function firstDifference(found: Buffer, expected: Buffer): string | undefined {
  if (found.length !== expected.length) return `${found.length} bytes instead of ${expected.length}`;
  if (found.equals(expected)) return undefined;
  const at = found.findIndex((byte, index) => byte !== expected[index]);
  return `at ${at}: ${found[at]} instead of ${expected[at]}`;
}
