import { isDriverError } from '@scoria/core';
import assert from 'node:assert/strict';
import type { ConformanceCase } from '../case.js';
import { assertBytes, assertRefused, describeError, within } from '../checks.js';
import type { ConformanceHarness } from '../harness.js';
import type { Expectation, Interruptible, Scene } from '../interruptible.js';
import { INTERRUPTIBLES } from '../interruptible.js';
import { INTERRUPTIBLE_CAPABILITIES } from '../interruptible-capabilities.js';
import type { Stage } from '../stage.js';
import { withStage } from '../stage.js';
import type { CancelMoment, Outcome } from '../step-control.js';
import { cancelAtStep, holdAtStep } from '../step-control.js';

/** More steps than any operation has; who never ends is found out. */
const MOST_STEPS = 500;

/** What is on the storage before an operation, after it, and after what the caller does next. */
interface Names {
  readonly before: readonly string[];
  readonly done: readonly string[];
  readonly settled: readonly string[];
}

async function assertExpectations(stage: Stage, expectations: readonly Expectation[]): Promise<void> {
  for (const { what, object, mayRead } of expectations) {
    const actual = await within(`reading ${what}`, () => stage.read(object));
    if (mayRead.some((bytes) => bytes.equals(actual))) continue;
    assertBytes(actual, mayRead[0] ?? Buffer.alloc(0), what);
  }
}

/** Does what the caller would do next, and looks at all that must be true then. */
async function settle(stage: Stage, scene: Scene): Promise<void> {
  await within('what the caller does next', () => scene.settle());
  const changed = new Set(scene.settled?.map(({ object }) => object.id));
  const kept = scene.expectations.filter(({ object }) => !changed.has(object.id));
  await assertExpectations(stage, [...kept, ...(scene.settled ?? [])]);
  for (const object of scene.gone ?? []) {
    await assertRefused('opening what was deleted', ['volume-not-found', 'snapshot-not-found'], () =>
      stage.read(object),
    );
  }
}

/** Runs the operation without disturbing it, to know what its storage looks like. */
async function undisturbed(harness: ConformanceHarness, operation: Interruptible): Promise<Names> {
  let names: Names | undefined;
  await withStage(harness, async (stage) => {
    const scene = await operation.prepare(stage);
    const before = await stage.leftovers();
    await scene.run(stage.context());
    const done = await stage.leftovers();
    await settle(stage, scene);
    names = { before, done, settled: await stage.leftovers() };
  });
  assert.ok(names);
  return names;
}

function assertNamesAmong(actual: readonly string[], allowed: readonly (readonly string[])[]): void {
  const found = actual.join(', ');
  const ways = allowed.map((names) => names.join(', '));
  assert.ok(
    ways.includes(found),
    `on the storage is [${found}], expected one of [${[...new Set(ways)].join('] or [')}]`,
  );
}

/** Repeats `attempt` for the first step, the second, and so on, until the operation ends by itself. */
async function atEveryStep(
  first: number,
  attempt: (number: number) => Promise<'stopped' | 'ended'>,
): Promise<void> {
  for (let number = first; number <= MOST_STEPS; number += 1) {
    if ((await attempt(number)) === 'ended') return;
  }
  assert.fail(`the operation has more than ${String(MOST_STEPS)} steps`);
}

function stepName(number: number, step: string | undefined): string {
  return `step ${String(number)}${step === undefined ? '' : ` (${step})`}`;
}

function assertResolved(outcome: Outcome): void {
  if (outcome.kind === 'rejected') throw outcome.error;
  assert.equal(outcome.kind, 'resolved');
}

async function killed(harness: ConformanceHarness, operation: Interruptible): Promise<void> {
  const names = await undisturbed(harness, operation);
  const all = [names.before, names.done, names.settled];
  await atEveryStep(1, async (number) => {
    let result: 'stopped' | 'ended' = 'stopped';
    await withStage(harness, async (stage) => {
      const scene = await operation.prepare(stage);
      const { outcome } = await holdAtStep(stage, (context) => scene.run(context), number);
      if (outcome.kind !== 'stopped') {
        assertResolved(outcome);
        result = 'ended';
        return;
      }
      await within(`killed at ${stepName(number, outcome.step)}, then started again`, async () => {
        await within('the start', () => stage.restart());
        assertNamesAmong(await stage.leftovers(), all);
        await assertExpectations(stage, scene.expectations);
        await settle(stage, scene);
        assertNamesAmong(await stage.leftovers(), [names.settled, names.before]);
      });
    });
    return result;
  });
}

function assertCancelled(outcome: Outcome, number: number, moment: CancelMoment): void {
  // Once it has begun, an operation that would leave something half done may as well end what it does.
  const begun = moment === 'within' ? number > 0 : number > 1;
  if (begun && outcome.kind === 'resolved') return;
  const said = outcome.kind === 'rejected' ? describeError(outcome.error) : 'success';
  const isCancelled = outcome.kind === 'rejected' && isDriverError(outcome.error, 'cancelled');
  assert.ok(
    isCancelled,
    `a cancelled operation ends with a DriverError cancelled, and this one with ${said}`,
  );
}

async function cancelled(
  harness: ConformanceHarness,
  operation: Interruptible,
  moment: CancelMoment,
): Promise<void> {
  const names = await undisturbed(harness, operation);
  await atEveryStep(moment === 'before' ? 0 : 1, async (number) => {
    let result: 'stopped' | 'ended' = 'stopped';
    await withStage(harness, async (stage) => {
      const scene = await operation.prepare(stage);
      const { outcome, step } = await cancelAtStep(stage, (context) => scene.run(context), number, moment);
      if (step === undefined) {
        assertResolved(outcome);
        result = 'ended';
        return;
      }
      await within(`cancelled ${moment} ${stepName(number, step)}`, async () => {
        assertCancelled(outcome, number, moment);
        await assertExpectations(stage, scene.expectations);
        if (outcome.kind === 'resolved') assertNamesAmong(await stage.leftovers(), [names.done]);
        if (number === 0) assertNamesAmong(await stage.leftovers(), [names.before]);
        await settle(stage, scene);
        assertNamesAmong(await stage.leftovers(), [names.settled, names.before]);
      });
    });
    return result;
  });
}

/** Time for a second process to start, where nothing keeps it from that. */
const START_MS = 250;

async function besideAStart(harness: ConformanceHarness, operation: Interruptible): Promise<void> {
  const names = await undisturbed(harness, operation);
  await atEveryStep(1, async (number) => {
    let result: 'stopped' | 'ended' = 'stopped';
    await withStage(harness, async (stage) => {
      const scene = await operation.prepare(stage);
      const held = await holdAtStep(stage, (context) => scene.run(context), number);
      const { outcome } = held;
      if (outcome.kind !== 'stopped') {
        result = 'ended';
        return;
      }
      await within(`another process started during ${stepName(number, outcome.step)}`, async () => {
        const start = stage.startBackend();
        await Promise.race([start, new Promise((resolve) => setTimeout(resolve, START_MS).unref())]);
        held.release();
        assertResolved(await held.end);
        await start;
        assertNamesAmong(await stage.leftovers(), [names.done]);
        await settle(stage, scene);
        assertNamesAmong(await stage.leftovers(), [names.settled]);
      });
    });
    return result;
  });
}

function casesOf(operation: Interruptible): ConformanceCase[] {
  const { name, needs = [] } = operation;
  return [
    { name: `crash: ${name}, killed at every step`, needs, run: (harness) => killed(harness, operation) },
    {
      name: `cancel: ${name}, before every step`,
      needs,
      run: (harness) => cancelled(harness, operation, 'before'),
    },
    {
      name: `cancel: ${name}, within every step`,
      needs,
      run: (harness) => cancelled(harness, operation, 'within'),
    },
    {
      name: `recover: leaves ${name} of a living process alone`,
      needs,
      run: (harness) => besideAStart(harness, operation),
    },
  ];
}

export const interruptionCases = [...INTERRUPTIBLES, ...INTERRUPTIBLE_CAPABILITIES].flatMap(casesOf);
