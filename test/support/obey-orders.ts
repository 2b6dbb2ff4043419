import { messageOf, ScoriaError } from '@scoria/core';
import type { StepObserver, VolumeManager } from '@scoria/manager';
import { createInterface } from 'node:readline';
import type { NumberedOrder, ProgramAnswer } from './ordered-program.js';

/** Ends the process at one of the steps of what it was told to do last. */
class Killer implements StepObserver {
  #left: number | undefined;

  arm(step: number | undefined): void {
    this.#left = step;
  }

  onStep(): void {
    if (this.#left === undefined) return;
    this.#left -= 1;
    if (this.#left === 0) process.kill(process.pid, 'SIGKILL');
  }
}

/** What a program with a manager is. */
export interface ObedientProgram<Start, Order> {
  begin(start: Start, observer: StepObserver): Promise<VolumeManager>;
  carryOut(manager: VolumeManager, order: Order): Promise<unknown>;
}

/**
 * The other side of `OrderedProgram`. The first line of the standard input says how to start, and each further line is an
 * order. Several may be under way at once; each has one line of answer, with its number.
 */
export async function obeyOrders<Start, Order>(program: ObedientProgram<Start, Order>): Promise<void> {
  const killer = new Killer();
  let manager: VolumeManager | undefined;
  say('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    if (manager === undefined) {
      manager = await program.begin(JSON.parse(line) as Start, killer);
      say('started');
      continue;
    }
    const numbered = JSON.parse(line) as NumberedOrder<Order>;
    killer.arm(numbered.killAtStep);
    answerTo(program, manager, numbered).then(say, (error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`);
    });
  }
  process.exit();
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function answerTo<Start, Order>(
  { carryOut }: ObedientProgram<Start, Order>,
  manager: VolumeManager,
  { number, order }: NumberedOrder<Order>,
): Promise<ProgramAnswer> {
  try {
    return { number, result: (await carryOut(manager, order)) ?? null };
  } catch (error) {
    return { number, code: codeOf(error), failure: messageOf(error) };
  }
}

/** The driver's, where it was the driver that refused. */
function codeOf(error: unknown): string {
  if (!(error instanceof ScoriaError)) return 'unexpected';
  const { code } = error.details as { code?: unknown };
  return typeof code === 'string' ? code : String(error.code);
}
