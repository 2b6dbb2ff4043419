import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 20_000;

/** A file that a storage daemon opens, with the files below it that its header names. */
export interface ServedImage {
  readonly file: string;
  readonly format: 'raw' | 'qcow2';
}

export interface StorageDaemonOptions {
  /** What its sockets are named after; `daemon` unless told. */
  readonly name?: string;
  /** Its nodes, instead of one that opens the image: the uppermost one is named `disk`. */
  readonly nodes?: readonly string[];
}

/**
 * A disk that a guest has open, without the guest: a qemu-storage-daemon that serves an image over NBD, and takes
 * orders at its monitor as QEMU does.
 */
export class StorageDaemon implements AsyncDisposable {
  /** The Unix socket of its monitor. */
  readonly monitor: string;
  /** The Unix socket of its NBD server; the disk's name there is `disk`. */
  readonly export: string;
  readonly #child: ChildProcess;
  #said = '';

  private constructor(directory: string, name: string, nodes: readonly string[]) {
    this.monitor = path.join(directory, `${name}.qmp`);
    this.export = path.join(directory, `${name}.nbd`);
    const args = [
      ...['--chardev', `socket,id=monitor,path=${this.monitor},server=on,wait=off`],
      ...['--monitor', 'chardev=monitor'],
      ...nodes,
      ...['--nbd-server', `addr.type=unix,addr.path=${this.export},max-connections=0`],
      ...['--export', 'type=nbd,id=guest,node-name=disk,writable=on,name=disk'],
    ];
    this.#child = spawn('qemu-storage-daemon', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.on('error', (error) => (this.#said += error.message));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
  }

  static async start(
    directory: string,
    { file, format }: ServedImage,
    { name = 'daemon', nodes }: StorageDaemonOptions = {},
  ): Promise<StorageDaemon> {
    const plain = [
      ...['--blockdev', `driver=file,node-name=file,filename=${file}`],
      ...['--blockdev', `driver=${format},node-name=disk,file=file`],
    ];
    const daemon = new StorageDaemon(directory, name, nodes ?? plain);
    const end = performance.now() + START_MS;
    while (!existsSync(daemon.export) || !existsSync(daemon.monitor)) {
      if (daemon.isDead || performance.now() > end) {
        await daemon.kill();
        throw new Error(`qemu-storage-daemon does not serve ${file}: ${daemon.#said}`);
      }
      await sleep(5);
    }
    return daemon;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`qemu-storage-daemon did not start: ${this.#said}`);
    return this.#child.pid;
  }

  get isDead(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** As a crash of the hypervisor: nothing that it holds is written. */
  async kill(): Promise<void> {
    if (this.isDead) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

const PROMPT = 'qemu-io> ';

/** What a guest does to its disk: one request after the other, each answered before the next. */
export class GuestIo implements AsyncDisposable {
  readonly #child: ChildProcess;
  #ready: Promise<string>;

  constructor(daemon: StorageDaemon) {
    const url = `nbd+unix:///disk?socket=${daemon.export}`;
    this.#child = spawn('qemu-io', ['-f', 'raw', url], { stdio: ['pipe', 'pipe', 'pipe'] });
    // It may end while it is written to; the request says so then.
    this.#child.stdin!.on('error', () => undefined);
    this.#ready = this.#untilPrompt();
  }

  /** Resolves when it is acknowledged. @throws Error where the guest sees an error */
  async fill(byte: number, offset: number, length: number): Promise<void> {
    await this.#request(`write -P ${byte} ${offset} ${length}`, /^wrote \d+\/\d+ bytes/m);
  }

  async flush(): Promise<void> {
    await this.#request('flush', /^$/);
  }

  /** @throws Error where it reads anything else */
  async requireFilled(byte: number, offset: number, length: number): Promise<void> {
    await this.#request(`read -P ${byte} ${offset} ${length}`, /^read \d+\/\d+ bytes/m);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ready.catch(() => undefined);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end('quit\n');
    await closed;
  }

  /** It reads its next command only when it has prompted for it. */
  async #request(command: string, good: RegExp): Promise<void> {
    await this.#ready;
    this.#child.stdin!.write(`${command}\n`);
    this.#ready = this.#untilPrompt();
    const said = await this.#ready;
    if (!good.test(said) || /fail|error/i.test(said)) throw new Error(`${command}: ${said}`);
  }

  async #untilPrompt(): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = '';
      const streams = [this.#child.stdout!, this.#child.stderr!];
      const leave = (): void => {
        for (const stream of streams) stream.off('data', hear);
        this.#child.off('close', gone);
      };
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        if (!said.endsWith(PROMPT)) return;
        leave();
        resolve(said.slice(0, -PROMPT.length));
      };
      const gone = (): void => {
        leave();
        reject(new Error(`the guest's disk is gone: ${said}`));
      };
      for (const stream of streams) stream.on('data', hear);
      this.#child.on('close', gone);
    });
  }
}
