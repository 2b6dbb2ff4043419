import type { ConnectOptions, MonitorAddress, PoolUsage, RbdCluster } from '../model/client.js';
import { checkName } from './arguments.js';
import { takeBytes } from './buffers.js';
import { monitorAddresses, poolUsageOf } from './cluster-answers.js';
import { ClusterSettings } from './cluster-settings.js';
import { type CallSubject, ENOENT, ETIMEDOUT, nativeError, rbdError } from './errno.js';
import { NativeHandle } from './handle.js';
import type { CallOrder, NativeCalls } from './native-calls.js';
import { NativePool } from './native-pool.js';
import { textsIn, Words } from './words.js';

/** Where a monitor command puts what it says: the answer, its length, and the same of a remark. */
const ANSWER = 0;
const REMARK = 2;
const POOL_NAME_BYTES = 4096;

/** A connection of librados. */
export class NativeCluster extends NativeHandle implements RbdCluster {
  readonly #rados: bigint;
  readonly settings: ClusterSettings;

  constructor(
    rados: bigint,
    readonly fsid: string,
    options: ConnectOptions,
    calls: NativeCalls,
  ) {
    super({ label: `cluster ${fsid}`, calls, limitMs: options.timeoutMs });
    this.#rados = rados;
    this.settings = new ClusterSettings(calls.library, rados);
  }

  async monitors(): Promise<readonly MonitorAddress[]> {
    return monitorAddresses(await this.command({ prefix: 'mon dump' }));
  }

  async poolUsage(pool: string): Promise<PoolUsage> {
    const subject = { operation: 'df', object: `pool ${pool}` };
    checkName(pool, 'the name of the pool', subject);
    const usage = poolUsageOf(await this.command({ prefix: 'df', detail: 'detail' }), pool);
    if (usage === undefined) throw rbdError('not-found', subject, 'there is no such pool');
    return usage;
  }

  async command(command: Readonly<Record<string, unknown>>): Promise<unknown> {
    const subject = { operation: 'rados_mon_command', object: `command '${String(command.prefix)}'` };
    const text = this.calls.library.pointerTo(commandText(command, subject));
    const answer = await this.using(subject, async (attempt) => this.#ask(text, { attempt, subject }));
    if (answer.trim() === '') return undefined;
    return JSON.parse(answer) as unknown;
  }

  async pools(): Promise<readonly string[]> {
    const subject = { operation: 'rados_pool_list', object: this.label };
    return this.using(subject, async (attempt) => {
      for (let bytes = 4096; ;) {
        const names = Buffer.alloc(bytes);
        const order = { attempt, subject };
        const needed = await this.calls.check(order, 'rados_pool_list', this.#rados, names, bytes);
        if (needed <= bytes) return textsIn(names, needed).filter((name) => name !== '');
        bytes = needed;
      }
    });
  }

  /** undefined where there is no such pool any more. */
  async poolName(id: number, order: CallOrder): Promise<string | undefined> {
    const name = Buffer.alloc(POOL_NAME_BYTES);
    const given = [this.#rados, id, name, name.length] as const;
    const result = await this.calls.run(order, 'rados_pool_reverse_lookup', ...given);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw nativeError(result, order.subject);
    return name.toString('utf8', 0, name.indexOf(0));
  }

  async openPool(name: string): Promise<NativePool> {
    const subject = { operation: 'rados_ioctx_create', object: `pool ${name}` };
    checkName(name, 'the name of the pool', subject);
    return this.using(
      subject,
      async (attempt) => {
        const made = new Words(1);
        await this.calls.check({ attempt, subject }, 'rados_ioctx_create', this.#rados, name, made.memory);
        return new NativePool(made.at(0), name, this, this.contextOf(`pool ${name}`));
      },
      undefined,
      async (late) => late.close(),
    );
  }

  protected override async release(): Promise<void> {
    await this.calls.library.call('rados_shutdown', this.#rados);
  }

  /** A text with the answer; '' for none. */
  async #ask(command: Buffer, order: CallOrder): Promise<string> {
    const said = new Words(4);
    const places = [ANSWER, ANSWER + 1, REMARK, REMARK + 1].map((index) => said.from(index));
    const given = [this.#rados, command, 1, null, 0];
    const result = await this.calls.run(order, 'rados_mon_command', ...given, ...places);
    const texts = [ANSWER, REMARK].map((index) =>
      takeBytes(this.calls.library, said.at(index), said.number(index + 1)).toString('utf8'),
    );
    // librados remarks that it has timed out, and no more.
    if (result < 0) throw nativeError(result, order.subject, result === -ETIMEDOUT ? '' : texts[1]);
    return texts[0] ?? '';
  }
}

function commandText(command: Readonly<Record<string, unknown>>, subject: CallSubject): string {
  try {
    return JSON.stringify({ format: 'json', ...command });
  } catch (cause) {
    throw rbdError('invalid', subject, 'it cannot be written as JSON', { cause });
  }
}
