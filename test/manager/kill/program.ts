/**
 * The process that is killed. The first line of its standard input says how to start; each further line is an order.
 * Several orders may be under way at once; each has one line of answer, with its number.
 */
import { messageOf, ScoriaError } from '@scoria/core';
import type { StepObserver, VolumeManager } from '@scoria/manager';
import { createVolumeManager } from '@scoria/manager';
import { createInterface } from 'node:readline';
import { configurationIn } from './configuration.js';
import type { Order, Question } from './orders.js';
import { carryOut } from './orders.js';

export interface Start {
  readonly directory: string;
  /** As a single command works: only what is needed, and stopped after the first order. */
  readonly forCommand: boolean;
  /** SIGKILL at the beginning of this step of whatever is done, counted from 1. */
  readonly killAtStep?: number;
}

export interface Numbered {
  readonly number: number;
  readonly order: Order | Question;
  readonly killAtStep?: number;
}

export type Answer = { readonly number: number } & (
  { readonly result: unknown } | { readonly code: string; readonly message: string }
);

class Killer implements StepObserver {
  #left: number | undefined;

  arm(step: number | undefined): void {
    this.#left = step ?? this.#left;
  }

  onStep(): void {
    if (this.#left === undefined) return;
    this.#left -= 1;
    if (this.#left === 0) process.kill(process.pid, 'SIGKILL');
  }
}

function say(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function begin({ directory, forCommand, killAtStep }: Start, killer: Killer): Promise<VolumeManager> {
  killer.arm(killAtStep);
  const configuration = await configurationIn(directory);
  const manager = await createVolumeManager(configuration, { forCommand, stepObserver: killer });
  await manager.start();
  if (!forCommand) await manager.settled();
  return manager;
}

/** Never rejects: what goes wrong is the answer. */
async function answer(manager: VolumeManager, { number, order }: Numbered): Promise<void> {
  say(await answerTo(manager, number, order));
}

async function answerTo(manager: VolumeManager, number: number, order: Numbered['order']): Promise<Answer> {
  try {
    return { number, result: (await carryOut(manager, order)) ?? null };
  } catch (error) {
    return {
      number,
      code: error instanceof ScoriaError ? String(error.code) : 'unknown',
      message: messageOf(error),
    };
  }
}

say('ready');
const killer = new Killer();
let manager: VolumeManager | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (manager === undefined) {
    manager = await begin(JSON.parse(line) as Start, killer);
    say('started');
  } else {
    const numbered = JSON.parse(line) as Numbered;
    killer.arm(numbered.killAtStep);
    answer(manager, numbered).catch((error: unknown) => {
      process.stderr.write(`${messageOf(error)}\n`);
      process.exit(1);
    });
  }
}
await manager?.stop();
