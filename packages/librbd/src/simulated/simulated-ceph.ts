import { randomBytes, randomUUID } from 'node:crypto';
import type { MonitorAddress } from '../model/client.js';
import type { CloneFormat } from '../model/pool.js';
import type { PoolSettings } from './state/pool-settings.js';
import { PoolState } from './state/pool-state.js';

const TIB = 2 ** 40;

export interface SimulatedCephOptions {
  readonly fsid?: string;
  /** The pools there are from the start; one called `rbd` unless told. */
  readonly pools?: readonly string[];
  /** What clones are made as unless a call says it; 2 unless told. */
  readonly cloneFormat?: CloneFormat;
  /** How much the cluster holds; 1 TiB unless told. */
  readonly capacityBytes?: number;
  /** The time, in ms; the machine's unless told. */
  readonly now?: () => number;
  readonly monitors?: readonly MonitorAddress[];
  /** How long each call takes; it takes no time unless told. */
  readonly latencyMs?: number;
}

/** What the cluster knows of a client. */
export interface CephClient {
  /** As lockers are called: `client.4`. */
  readonly clientName: string;
  /** Cuts its connections. */
  disconnect(): void;
}

/**
 * A Ceph cluster in memory: pools with images, snapshots, clones and trash, by the rules of Ceph 16. Reached by as many
 * `SimulatedRbdClient`s as a test needs, each of which stands for a process.
 */
export class SimulatedCeph {
  readonly fsid: string;
  readonly now: () => number;
  readonly capacityBytes: number;
  readonly latencyMs: number;
  cloneFormat: CloneFormat;
  monitors: readonly MonitorAddress[];
  readonly #pools = new Map<string, PoolState>();
  readonly #clients = new Set<CephClient>();
  #answers: Promise<void> | undefined;
  #resume: (() => void) | undefined;
  #numbers = 1;

  constructor(options: SimulatedCephOptions = {}) {
    this.fsid = options.fsid ?? randomUUID();
    this.now = options.now ?? Date.now;
    this.capacityBytes = options.capacityBytes ?? TIB;
    this.cloneFormat = options.cloneFormat ?? 2;
    this.latencyMs = options.latencyMs ?? 0;
    this.monitors = options.monitors ?? [
      { host: '127.0.0.1', port: 3300, protocol: 'v2' },
      { host: '127.0.0.1', port: 6789, protocol: 'v1' },
    ];
    for (const name of options.pools ?? ['rbd']) this.createPool(name);
  }

  createPool(name: string, settings: PoolSettings = {}): void {
    this.#pools.set(name, new PoolState(name, this.nextNumber(), { ...settings }));
  }

  /** What can be changed of a pool while it is used. */
  poolSettings(name: string): PoolSettings {
    const pool = this.#pools.get(name);
    if (pool === undefined) throw new Error(`the simulated cluster has no pool ${name}`);
    return pool.settings;
  }

  /** From now on nothing is answered, until {@link resume}. */
  pause(): void {
    this.#answers ??= new Promise((resolve) => (this.#resume = resolve));
  }

  resume(): void {
    this.#resume?.();
    this.#answers = undefined;
  }

  /** Resolves when the cluster answers; undefined where it does. */
  get answers(): Promise<void> | undefined {
    return this.#answers;
  }

  /** All pools, by name. */
  get pools(): ReadonlyMap<string, PoolState> {
    return this.#pools;
  }

  /** A client that is connected; called by the client itself. */
  enter(client: CephClient): void {
    this.#clients.add(client);
  }

  /** Cuts off who holds a lock that was broken, as Ceph does. */
  cutOff(clientName: string): void {
    for (const client of this.#clients) if (client.clientName === clientName) client.disconnect();
  }

  /** For ids of pools, snapshots, clients and watchers. */
  nextNumber(): number {
    return this.#numbers++;
  }

  nextImageId(): string {
    return `${this.nextNumber().toString(16)}${randomBytes(4).toString('hex')}`;
  }
}
