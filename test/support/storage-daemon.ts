import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
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

  /** Has it do nothing at all for a while, as a host that is out of memory does. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** What a guest does to its disk: one request after the other, each answered before the next. */
export class GuestIo implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(daemon: StorageDaemon) {
    const url = `nbd+unix:///disk?socket=${daemon.export}`;
    this.#child = spawn('qemu-io', ['-f', 'raw', url], { stdio: ['pipe', 'pipe', 'inherit'] });
    // It may end while it is written to; the request says so then.
    this.#child.stdin!.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Resolves when it is acknowledged. @throws Error where the guest sees an error */
  async fill(byte: number, offset: number, length: number): Promise<void> {
    const write = `write -P ${String(byte)} ${String(offset)} ${String(length)}`;
    await this.#request(write, /^wrote \d+\/\d+ bytes/);
  }

  async flush(): Promise<void> {
    // It says nothing of a flush that went well.
    this.#child.stdin!.write('flush\n');
    await this.#request('length', /^\d+(\.\d+)? [MG]iB/);
  }

  /** @throws Error where it reads anything else */
  async requireFilled(byte: number, offset: number, length: number): Promise<void> {
    const read = `read -P ${String(byte)} ${String(offset)} ${String(length)}`;
    await this.#request(read, /^read \d+\/\d+ bytes/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.stdin!.end('quit\n');
    await closed;
  }

  async #request(command: string, good: RegExp): Promise<void> {
    this.#child.stdin!.write(`${command}\n`);
    for (;;) {
      const { value, done } = (await this.#lines.next()) as IteratorResult<string, undefined>;
      if (done === true) throw new Error(`the guest's disk is gone (${command})`);
      const line = value.replace(/^(qemu-io> )+/, '');
      if (/fail|error|Input\/output/i.test(line)) throw new Error(`${command}: ${line}`);
      if (good.test(line)) return;
    }
  }
}
