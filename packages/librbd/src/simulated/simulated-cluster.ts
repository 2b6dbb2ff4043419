import type { MonitorAddress, PoolUsage, RbdCluster } from '../model/client.js';
import { checkName } from './arguments.js';
import { type Connection, SimulatedHandle } from './handle.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import { SimulatedPool } from './simulated-pool.js';
import type { PoolState } from './state/pool-state.js';

export class SimulatedCluster extends SimulatedHandle implements RbdCluster {
  constructor(
    private readonly ceph: SimulatedCeph,
    connection: Connection,
  ) {
    super(connection, undefined);
  }

  get fsid(): string {
    return this.ceph.fsid;
  }

  async monitors(): Promise<readonly MonitorAddress[]> {
    return this.call(this.#subject('monitors'), false, () => this.ceph.monitors);
  }

  async poolUsage(name: string): Promise<PoolUsage> {
    const subject = { operation: 'poolUsage', object: `pool ${name}` };
    checkName(name, 'the name of the pool', subject);
    return this.call(subject, false, () => this.#usageOf(this.#pool(name, subject)));
  }

  /** Knows `osd dump`, `mon dump` and `status`, in short. */
  async command(command: Readonly<Record<string, unknown>>): Promise<unknown> {
    const prefix = String(command.prefix);
    const subject = { operation: 'command', object: `command '${prefix}'` };
    return this.call(subject, false, () => {
      const answer = this.#answers()[prefix];
      if (answer === undefined) throw simulatedError('invalid', subject, 'the cluster does not know it');
      return answer;
    });
  }

  async pools(): Promise<readonly string[]> {
    return this.call(this.#subject('pools'), false, () => [...this.ceph.pools.keys()]);
  }

  async openPool(name: string): Promise<SimulatedPool> {
    const subject = { operation: 'openPool', object: `pool ${name}` };
    checkName(name, 'the name of the pool', subject);
    return this.call(
      subject,
      false,
      () => new SimulatedPool(this.#pool(name, subject), this.ceph, this.connection, this),
    );
  }

  #usageOf({ storedBytes, settings }: PoolState): PoolUsage {
    const used = [...this.ceph.pools.values()].reduce((sum, pool) => sum + pool.storedBytes, 0);
    const free = settings.isFull === true ? 0 : Math.max(0, this.ceph.capacityBytes - used);
    return { storedBytes, availableBytes: free, quotaBytes: settings.quotaBytes };
  }

  #answers(): Readonly<Record<string, unknown>> {
    const { fsid, monitors, pools, cloneFormat } = this.ceph;
    const release = cloneFormat === 1 ? 'luminous' : 'mimic';
    return {
      status: { fsid, health: { status: 'HEALTH_OK' } },
      'mon dump': { fsid, mons: monitors.map(({ host, port }) => ({ addr: `${host}:${port}` })) },
      'osd dump': {
        fsid,
        require_min_compat_client: release,
        pools: [...pools.values()].map(({ id, name }) => ({ pool: id, pool_name: name })),
      },
    };
  }

  #pool(name: string, subject: SimulatedSubject): PoolState {
    const pool = this.ceph.pools.get(name);
    if (pool === undefined) throw simulatedError('not-found', subject, 'there is no such pool');
    return pool;
  }

  #subject(operation: string): SimulatedSubject {
    return { operation, object: `cluster ${this.fsid}` };
  }
}
