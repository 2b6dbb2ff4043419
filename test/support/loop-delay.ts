import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const RESOLUTION_MS = 5;
/** A delay lies between two beats of a timer, which come by then. */
const BEATS_MS = 4 * RESOLUTION_MS;

/** Plain JavaScript: what a worker is started with is not compiled. */
const CONTROL = `
  const { monitorEventLoopDelay } = require('node:perf_hooks');
  const { parentPort } = require('node:worker_threads');
  const delays = monitorEventLoopDelay({ resolution: ${String(RESOLUTION_MS)} });
  delays.enable();
  parentPort.on('message', (order) => setTimeout(() => {
    parentPort.postMessage(delays.max);
    if (order === 'reset') delays.reset();
  }, ${String(BEATS_MS)}));
  parentPort.postMessage('ready');`;

/**
 * For how long this thread did nothing, beyond what another thread that is always free was kept from it: a machine that
 * stalls delays both. The other thread keeps no process alive.
 */
export class LoopDelay implements AsyncDisposable {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  private constructor(private readonly control: Worker) {
    this.#delays.enable();
  }

  static async start(): Promise<LoopDelay> {
    const control = new Worker(CONTROL, { eval: true });
    await once(control, 'message');
    control.unref();
    return new LoopDelay(control);
  }

  /** What was before is forgotten. The control begins first, so that it sees every stall that this thread sees. */
  async reset(): Promise<void> {
    await this.#ask('reset');
    await sleep(BEATS_MS);
    this.#delays.reset();
    // What comes at once is to lie between two beats as well.
    await sleep(BEATS_MS);
  }

  /** The longest delay of this thread since the last reset, minus the control's longest; may be below 0. */
  async excessMs(): Promise<number> {
    await sleep(BEATS_MS);
    const { max } = this.#delays;
    return (max - (await this.#ask('max'))) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#delays.disable();
    await this.control.terminate();
  }

  /** The control's longest delay, in nanoseconds. */
  async #ask(order: 'reset' | 'max'): Promise<number> {
    this.control.ref();
    try {
      const answered = once(this.control, 'message');
      this.control.postMessage(order);
      const [max] = (await answered) as [number];
      return max;
    } finally {
      this.control.unref();
    }
  }
}
