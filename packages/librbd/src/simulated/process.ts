import type { LongCall } from '../model/long-call.js';
import { type FaultEffect, type SimulatedCall, SimulatedFaults } from './faults.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';

/** How a call of a process is to be made. */
export interface CallManner extends SimulatedSubject {
  /** True for calls that change the cluster. */
  readonly changes: boolean;
  /** None: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Throws where its handle was closed or its connection lost. */
  readonly check: () => void;
  /** Throws where its connection was lost while the call was under way. */
  readonly checkConnection: () => void;
  /** Its connection is cut. */
  readonly disconnect: () => void;
}

/** Tells how far a call is: between two steps of it others run, and the process may die. */
export interface Progress {
  /** @throws RbdError `cancelled`, `disconnected` where the process has died */
  step(done: number, total: number): Promise<void>;
}

/** A process that uses the simulated cluster: everything it asks for goes through here. */
export class SimulatedProcess {
  readonly faults = new SimulatedFaults();
  readonly calls: SimulatedCall[] = [];
  #changes = 0;
  #isDead = false;
  readonly #whenDead = new Set<() => void>();

  constructor(
    readonly ceph: SimulatedCeph,
    readonly clientName: string,
    readonly address: string,
  ) {}

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Ends it as SIGKILL does. */
  die(): void {
    this.#isDead = true;
    for (const tell of this.#whenDead) tell();
    this.#whenDead.clear();
  }

  /** @returns what is to be called when nobody has to be told any more */
  onDeath(tell: () => void): () => void {
    this.#whenDead.add(tell);
    return () => this.#whenDead.delete(tell);
  }

  /** Makes a call: `work` changes the cluster in one go, or step by step. */
  async call<T>(
    manner: CallManner,
    work: (progress: Progress) => T | Promise<T>,
    long: LongCall = {},
  ): Promise<T> {
    manner.check();
    this.#checkAlive(manner);
    if ((long.signal ?? manner.signal)?.aborted === true) throw cancelled(manner);
    const call = this.#record(manner);
    const effect = this.faults.take(call);
    await this.#reach(manner);
    await this.#strike(effect, manner, 'before');
    const result = await work(this.#progress(manner, long, effect));
    await this.#strike(effect, manner, 'after');
    this.#checkAlive(manner);
    return result;
  }

  #record({ operation, object, changes }: CallManner): SimulatedCall {
    if (changes) this.#changes += 1;
    const change = changes ? this.#changes : undefined;
    const call = { operation, object, changes, number: this.calls.length + 1, change };
    this.calls.push(call);
    return call;
  }

  async #reach(manner: CallManner): Promise<void> {
    const { answers, latencyMs } = this.ceph;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    else await Promise.resolve();
    if (answers !== undefined) await this.#patiently(answers, manner);
    this.#checkAlive(manner);
    manner.checkConnection();
  }

  /** Waits as long as the call may take. */
  async #patiently(answer: Promise<void>, manner: CallManner): Promise<void> {
    const { timeoutMs, signal } = manner;
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        forget();
        if (error === undefined) resolve();
        else reject(error);
      };
      const abort = (): void => end(cancelled(manner));
      const late = simulatedError('timed-out', manner, `no answer within ${String(timeoutMs)} ms`);
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(late), timeoutMs);
      const forget = this.onDeath(() => end(dead(manner)));
      signal?.addEventListener('abort', abort);
      if (signal?.aborted === true) abort();
      answer.then(() => end(), reject);
    });
  }

  async #strike(
    effect: FaultEffect | undefined,
    manner: CallManner,
    when: 'before' | 'after',
  ): Promise<void> {
    if (effect === undefined) return;
    if (effect.kind === 'die') {
      if (effect.when === when || (effect.when === 'during' && when === 'after')) this.die();
      this.#checkAlive(manner);
      return;
    }
    if ((effect.after === true) !== (when === 'after')) return;
    if (effect.kind === 'fail') throw simulatedError(effect.code, manner, 'a fault that the test has set');
    if (effect.kind === 'hang') return this.#patiently(new Promise(() => undefined), manner);
    manner.disconnect();
    manner.checkConnection();
  }

  #progress(manner: CallManner, { onProgress, signal }: LongCall, effect: FaultEffect | undefined): Progress {
    const dies = effect?.kind === 'die' && effect.when === 'during';
    return {
      step: async (done, total) => {
        if (dies) this.die();
        this.#checkAlive(manner);
        if (onProgress === undefined && signal === undefined) return;
        onProgress?.(done, total);
        await new Promise((resolve) => setImmediate(resolve));
        this.#checkAlive(manner);
        if (signal?.aborted === true) throw cancelled(manner);
      },
    };
  }

  #checkAlive(subject: SimulatedSubject): void {
    if (this.#isDead) throw dead(subject);
  }
}

function dead(subject: SimulatedSubject): Error {
  return simulatedError('disconnected', subject, 'the process has died');
}

function cancelled(subject: SimulatedSubject): Error {
  return simulatedError('cancelled', subject, 'the caller ended it');
}
