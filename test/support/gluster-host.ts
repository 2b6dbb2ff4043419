import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { end, held } from './namespaces.js';

const run = promisify(execFile);

const TOOL_MS = 60_000;

/** A host with a network of its own, which reaches a GlusterFS server through a cable of two virtual cards. */
export class GlusterHost implements AsyncDisposable {
  private constructor(
    /** Where what it works with is put. */
    readonly directory: string,
    private readonly number: number,
    private readonly holder: ChildProcessWithoutNullStreams,
    private readonly hasMounts: boolean,
  ) {}

  static async start(directory: string, number: number, hides: readonly string[]): Promise<GlusterHost> {
    const hasMounts = hides.length > 0;
    const namespaces = ['--net', ...(hasMounts ? ['--mount'] : [])];
    const host = new GlusterHost(directory, number, spawn('unshare', [...namespaces, 'cat']), hasMounts);
    await held(host.holder);
    for (const hidden of hides) await host.#inside('mount', '-t', 'tmpfs', 'tmpfs', hidden);
    return host;
  }

  /** What `nsenter` needs to run a program in its network. */
  get network(): string {
    return `--net=/proc/${String(this.holder.pid)}/ns/net`;
  }

  /** What `nsenter` needs to run a program as on it. */
  get namespaces(): string[] {
    const mounts = `--mount=/proc/${String(this.holder.pid)}/ns/mnt`;
    return this.hasMounts ? [this.network, mounts] : [this.network];
  }

  /** @param network the server's, as an argument of nsenter(1) */
  async plugIn(network: string, address: string): Promise<void> {
    const [mine, its, card] = [this.#address(2), this.#address(1), this.#card];
    const link = [
      'link',
      'add',
      card,
      'type',
      'veth',
      'peer',
      'name',
      'server',
      'netns',
      String(this.holder.pid),
    ];
    const onServer = async (...args: string[]): Promise<void> => {
      await run('nsenter', [network, 'ip', ...args], { timeout: TOOL_MS });
    };
    await onServer(...link);
    await onServer('address', 'add', `${its}/30`, 'dev', card);
    await onServer('link', 'set', card, 'up');
    await this.#inside('ip', 'link', 'set', 'lo', 'up');
    await this.#inside('ip', 'address', 'add', `${mine}/30`, 'dev', 'server');
    await this.#inside('ip', 'link', 'set', 'server', 'up');
    await this.#inside('ip', 'route', 'add', address, 'via', its);
  }

  /**
   * Pulls the cable out at the server's end, until this is disposed of: nobody is told, and nothing comes through.
   * @param network the server's
   */
  async unplug(network: string): Promise<AsyncDisposable> {
    const set = async (state: 'up' | 'down'): Promise<void> => {
      await run('nsenter', [network, 'ip', 'link', 'set', this.#card, state], { timeout: TOOL_MS });
    };
    await set('down');
    return { [Symbol.asyncDispose]: async () => set('up') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.holder);
  }

  /** The server's end of the cable. */
  get #card(): string {
    return `host${String(this.number)}`;
  }

  #address(last: number): string {
    return `10.77.${String(this.number)}.${String(last)}`;
  }

  async #inside(...command: string[]): Promise<void> {
    await run('nsenter', [...this.namespaces, ...command], { timeout: TOOL_MS });
  }
}
