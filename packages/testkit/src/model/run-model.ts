import { MIB } from '@scoria/core';
import fc from 'fast-check';
import { describeError } from '../conformance/checks.js';
import type { ConformanceHarness } from '../conformance/harness.js';
import { Stage } from '../conformance/stage.js';
import { ModelRun } from './model-run.js';
import type { ModelStep, ModelWeights } from './model-step.js';
import { DEFAULT_WEIGHTS, modelStep } from './model-step.js';

export interface ModelOptions {
  /** How many sequences; 100 unless told. */
  readonly sequences?: number;
  /** The longest sequence, in steps; 30 unless told. */
  readonly steps?: number;
  /** A run with the same seed does the same; by chance unless told, and named when a sequence fails. */
  readonly seed?: number;
  /** How often each kind of step comes; 0 for never. */
  readonly weights?: Partial<ModelWeights>;
  /** The size of new volumes; 1 MiB unless told, whatever the harness says. */
  readonly volumeBytes?: number;
  /** Look for a shorter sequence that fails; on unless told. It runs many more. */
  readonly shrink?: boolean;
  /** Called after each sequence. */
  readonly onSequence?: (done: number) => void;
}

/** What a model test did. */
export interface ModelReport {
  readonly seed: number;
  readonly sequences: number;
  readonly steps: number;
}

/** Storage that one sequence after the other is run on; a new one after a failure. */
class SequenceRunner {
  sequences = 0;
  steps = 0;
  lastHistory: readonly string[] = [];
  #stage: Stage | undefined;

  constructor(private readonly harness: ConformanceHarness) {}

  async run(sequence: readonly ModelStep[]): Promise<void> {
    this.#stage ??= await Stage.open(this.harness);
    const run = new ModelRun(this.#stage);
    this.lastHistory = run.history;
    try {
      const before = await this.#stage.leftovers();
      for (const step of sequence) await run.step(step);
      await run.finish(before);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.sequences += 1;
    this.steps += sequence.length;
  }

  async close(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    await stage?.close();
  }
}

/**
 * Runs random sequences of operations on a driver and compares every volume and snapshot, byte for byte, with a model
 * in memory. Rejects with the shortest failing sequence it found, in words, and the seed.
 */
export async function runModel(
  harness: ConformanceHarness,
  options: ModelOptions = {},
): Promise<ModelReport> {
  const {
    sequences = 100,
    steps = 30,
    seed = Date.now() % 2 ** 31,
    volumeBytes = MIB,
    shrink = true,
  } = options;
  const runner = new SequenceRunner({ ...harness, volumeBytes });
  const weights = { ...DEFAULT_WEIGHTS, ...options.weights };
  const step = modelStep(harness.plugin.capabilities, weights, volumeBytes);
  const failed: { history?: readonly string[]; error?: unknown } = {};
  const property = fc.asyncProperty(
    fc.array(step, { minLength: Math.min(5, steps), maxLength: steps, size: 'max' }),
    async (sequence) => {
      try {
        await runner.run(sequence);
      } catch (error) {
        Object.assign(failed, { history: runner.lastHistory, error });
        throw error;
      }
      options.onSequence?.(runner.sequences);
    },
  );
  const result = await fc.check(property, { seed, numRuns: sequences, endOnFailure: !shrink });
  await runner.close();
  if (result.failed) throw modelError(seed, result.numShrinks, failed);
  return { seed, sequences: runner.sequences, steps: runner.steps };
}

function modelError(
  seed: number,
  shrinks: number,
  { history = [], error }: { history?: readonly string[]; error?: unknown },
): Error {
  const lines = history.map((line, index) => `  ${String(index + 1).padStart(3)}. ${line}`);
  const message =
    `the driver and the model part (seed ${String(seed)}, shortened ${String(shrinks)} times):\n` +
    `${lines.join('\n')}\n${describeError(error)}`;
  return new Error(message, { cause: error });
}
