import type { RbdErrorCode } from '../errors.js';

/** One call that reached the simulated cluster. */
export interface SimulatedCall {
  /** The method of the port: `createImage`, `removeSnapshot`, `connect`. */
  readonly operation: string;
  /** What it was about: `image rbd/volume-1`. */
  readonly object: string;
  /** True for calls that change the cluster. */
  readonly changes: boolean;
  /** Counts all calls of the process, from 1. */
  readonly number: number;
  /** Counts its calls that change something, from 1; undefined for others. */
  readonly change: number | undefined;
}

/** What happens to a call, instead of its work or besides it. */
export type FaultEffect =
  /** It fails; `after` its work was done, or without it. */
  | { readonly kind: 'fail'; readonly code: RbdErrorCode; readonly after?: boolean }
  /** No answer: it ends with `timed-out` when its time limit is reached; `after` its work was done, or without it. */
  | { readonly kind: 'hang'; readonly after?: boolean }
  /** The connection is cut: this call and all later ones of the connection end with `disconnected`. */
  | { readonly kind: 'disconnect'; readonly after?: boolean }
  /** The process dies: before the call, after its work, or in the middle of one that has several steps. */
  | { readonly kind: 'die'; readonly when: 'before' | 'during' | 'after' };

export interface Fault {
  /** Which calls; all that follow unless told. */
  readonly when?: (call: SimulatedCall) => boolean;
  /** How many of them; one unless told. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

/** The faults that wait for calls of one process. */
export class SimulatedFaults {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  /** The first that fits a call takes effect. */
  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The process dies at its n-th call that changes something, counted from now on: 1 is the next one. */
  dieAtChange(count: number, when: 'before' | 'during' | 'after'): void {
    let left = count;
    this.add({
      when: ({ changes }) => {
        if (changes) left -= 1;
        return changes && left === 0;
      },
      effect: { kind: 'die', when },
    });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The effect on a call, which is used up by it. */
  take(call: SimulatedCall): FaultEffect | undefined {
    const waiting = this.#waiting.find(({ fault: { when = always } }) => when(call));
    if (waiting === undefined) return undefined;
    waiting.left -= 1;
    if (waiting.left === 0) this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    return waiting.fault.effect;
  }
}

function always(): boolean {
  return true;
}
