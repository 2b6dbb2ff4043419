import type { ConnectOptions, RbdClient } from '../model/client.js';
import type { SimulatedCall, SimulatedFaults } from './faults.js';
import { checkConnection, type Connection } from './handle.js';
import { SimulatedProcess } from './process.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { SimulatedCluster } from './simulated-cluster.js';
import { simulatedError } from './simulated-error.js';

/** The client of one process. Another process, or the same one started again, has another. */
export class SimulatedRbdClient implements RbdClient {
  readonly #process: SimulatedProcess;
  readonly #connections: Connection[] = [];

  constructor(private readonly ceph: SimulatedCeph) {
    const number = ceph.nextNumber();
    this.#process = new SimulatedProcess(ceph, `client.${number}`, `127.0.0.1:0/${number}`);
    ceph.enter(this);
  }

  /** As lockers are called: `client.4`. */
  get clientName(): string {
    return this.#process.clientName;
  }

  get faults(): SimulatedFaults {
    return this.#process.faults;
  }

  /** All calls so far. */
  get calls(): readonly SimulatedCall[] {
    return this.#process.calls;
  }

  get isDead(): boolean {
    return this.#process.isDead;
  }

  /** Ends the process as SIGKILL does: every call ends with `disconnected`, its watchers and locks by librbd are gone. */
  kill(): void {
    this.#process.die();
  }

  /** Cuts its connections; it can connect again. */
  disconnect(): void {
    for (const connection of this.#connections) connection.isLost = true;
  }

  async connect(options: ConnectOptions): Promise<SimulatedCluster> {
    const { timeoutMs, signal, user = 'admin' } = options;
    const subject = { operation: 'connect', object: `cluster ${options.clusterName ?? 'ceph'}` };
    if (!(timeoutMs > 0)) throw simulatedError('invalid', subject, 'the time limit has to be above 0 ms');
    const connection: Connection = { process: this.#process, user, timeoutMs, isLost: false };
    const manner = {
      ...subject,
      ...{ changes: false, timeoutMs, signal },
      check: () => undefined,
      checkConnection: () => checkConnection(connection, subject),
      disconnect: () => (connection.isLost = true),
    };
    return this.#process.call(manner, () => {
      this.#connections.push(connection);
      return new SimulatedCluster(this.ceph, connection);
    });
  }
}
