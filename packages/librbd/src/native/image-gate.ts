import type { Losable } from './attempt.js';

/** What this process does with one image: how many change it, whether somebody wants nobody beside, and who waits. */
interface Gate {
  changes: number;
  isAlone: boolean;
  readonly waiting: { readonly kind: Passage; readonly start: () => void }[];
}

/** Together with others who change it through librbd, or without any. */
export type Passage = 'change' | 'alone';

const gates = new Map<string, Gate>();

/**
 * Keeps those in this process apart that are in each other's way at one image. Above all it is closed only while none of
 * those that have it open changes what it is (its size, snapshots, features): librbd has the one who holds the lock make
 * such a change for the others, and ends the process (an assertion in CloseRequest.cc) where that one is just being
 * closed. What is lost on the way stands in nobody's way any more.
 * @param image the same for all who are to be kept apart
 */
export async function throughGate<T>(
  image: string,
  kind: Passage,
  work: () => Promise<T>,
  losable: Losable,
): Promise<T> {
  const gate = gates.get(image) ?? { changes: 0, isAlone: false, waiting: [] };
  gates.set(image, gate);
  if (gate.waiting.length > 0 || !mayEnter(gate, kind)) {
    await new Promise<void>((start) => gate.waiting.push({ kind, start }));
  } else {
    enter(gate, kind);
  }
  let isIn = true;
  const out = (): void => {
    if (!isIn) return;
    isIn = false;
    leave(gate, kind);
    if (gate.changes === 0 && !gate.isAlone && gate.waiting.length === 0) gates.delete(image);
  };
  losable.onLost(out);
  try {
    return await work();
  } finally {
    out();
  }
}

function mayEnter(gate: Gate, kind: Passage): boolean {
  return !gate.isAlone && (kind === 'change' || gate.changes === 0);
}

function enter(gate: Gate, kind: Passage): void {
  if (kind === 'change') gate.changes += 1;
  else gate.isAlone = true;
}

/** In the order they came, as many as may. */
function leave(gate: Gate, kind: Passage): void {
  if (kind === 'change') gate.changes -= 1;
  else gate.isAlone = false;
  for (let next = gate.waiting[0]; next !== undefined && mayEnter(gate, next.kind); next = gate.waiting[0]) {
    gate.waiting.shift();
    enter(gate, next.kind);
    next.start();
  }
}
