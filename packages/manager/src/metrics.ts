import { inject, injectable } from 'inversify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Backends } from './backends/backends.js';
import { BackendQueues } from './engine/backend-queues.js';
import { OperationEngine } from './engine/operation-engine.js';
import { ManagerEvents } from './events.js';
import type { ManagerEvent } from './views.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600];

/** What this process does, for Prometheus. Counted from the time it is made. */
@injectable()
export class Metrics {
  readonly #registry = new Registry();
  readonly #ended = new Counter({
    name: 'scoria_operations_total',
    help: 'Operations that have ended, by kind and outcome.',
    labelNames: ['operation', 'outcome'],
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: 'scoria_operation_seconds',
    help: 'How long operations took, from their turn to their end.',
    labelNames: ['operation'],
    buckets: SECONDS,
    registers: [this.#registry],
  });

  constructor(
    @inject(ManagerEvents) events: ManagerEvents,
    @inject(OperationEngine) engine: OperationEngine,
    @inject(Backends) backends: Backends,
    @inject(BackendQueues) queues: BackendQueues,
  ) {
    collectDefaultMetrics({ register: this.#registry });
    events.on((event) => {
      this.#count(event);
    });
    this.#gauge('scoria_operations_running', 'Operations that run or wait in this process.', [], (gauge) => {
      gauge.set(engine.running.length);
    });
    this.#gauge('scoria_queue_length', 'Operations that wait for their turn.', ['backend'], (gauge) => {
      for (const { name } of backends.present) gauge.set({ backend: name }, queues.waiting(name));
    });
    this.#gauge('scoria_backend_up', 'Whether a backend is up (1) or not (0).', ['backend'], (gauge) => {
      for (const { name, state } of backends.present) gauge.set({ backend: name }, state === 'up' ? 1 : 0);
    });
    for (const what of ['total', 'free', 'provisioned'] as const)
      this.#gauge(
        `scoria_pool_${what}_bytes`,
        `The ${what} room of a pool, as its backend said last.`,
        ['backend', 'pool'],
        (gauge) => {
          for (const { name, pools } of backends.present)
            for (const pool of pools) gauge.set({ backend: name, pool: pool.name }, pool[`${what}Bytes`]);
        },
      );
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  #count({ type, operation, outcome, seconds }: ManagerEvent): void {
    if (type !== 'operation-ended' || operation === undefined) return;
    this.#ended.inc({ operation, outcome: outcome ?? 'failed' });
    this.#durations.observe({ operation }, seconds ?? 0);
  }

  #gauge(name: string, help: string, labelNames: string[], fill: (gauge: Gauge) => void): void {
    const collect = function (this: Gauge): void {
      this.reset();
      fill(this);
    };
    new Gauge({ name, help, labelNames, registers: [this.#registry], collect });
  }
}
