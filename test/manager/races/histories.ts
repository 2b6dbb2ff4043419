import { difference } from '../kill/findings.js';
import type { Family } from '../kill/world.js';
import type { RaceOrder } from './contests.js';
import { mayShare } from './contests.js';

/** Volumes by their names. */
export type Scene = ReadonlyMap<string, Family>;
/** What each of the two was answered: `done`, or the code of an error. */
export type Answers = readonly [string, string];

/** One way in which a race may go. */
export interface History {
  readonly way: 'conflict' | 'one after the other' | 'shared';
  readonly answers: Answers;
  readonly scene: Scene;
}

interface Step {
  readonly scene: Scene;
  readonly answer: string;
}

/** Every way in which a race of two may go; anything else is a defect. */
export function historiesOf(scene: Scene, [first, second]: readonly [RaceOrder, RaceOrder]): History[] {
  const isShared = mayShare([first.do, second.do]);
  const straight = inOrder(scene, first, second);
  const reverse = inOrder(scene, second, first);
  const way = isShared ? 'shared' : 'one after the other';
  const sequences: History[] = [
    { way, scene: straight.scene, answers: straight.answers },
    { way, scene: reverse.scene, answers: [reverse.answers[1], reverse.answers[0]] },
  ];
  return isShared ? sequences : [...sequences, ...conflictsOf(scene, first, second)];
}

/** How a scene that was found differs from one that was expected. */
export function sceneDifferences(expected: Scene, found: Scene): string[] {
  const extra = [...found.keys()].filter((name) => !expected.has(name));
  return [
    ...extra.map((name) => `${name} ought not to be there`),
    ...[...expected].flatMap(([name, family]) => difference(name, family, found.get(name))),
  ];
}

function inOrder(
  scene: Scene,
  first: RaceOrder,
  second: RaceOrder,
): { readonly scene: Scene; readonly answers: Answers } {
  const one = carriedOut(scene, first);
  const two = carriedOut(one.scene, second);
  return { scene: two.scene, answers: [one.answer, two.answer] };
}

/** One wins, and the other is told that it is in the way. */
function conflictsOf(scene: Scene, first: RaceOrder, second: RaceOrder): History[] {
  const [one, two] = [carriedOut(scene, first), carriedOut(scene, second)];
  const ways: History[] = [
    { way: 'conflict', answers: [one.answer, 'conflict'], scene: one.scene },
    { way: 'conflict', answers: ['conflict', two.answer], scene: two.scene },
  ];
  return ways.filter(({ answers }) => answers.includes('done'));
}

/** What becomes of a scene by an order that nothing is in the way of. */
function carriedOut(scene: Scene, order: RaceOrder): Step {
  const family = scene.get(order.volume);
  if (family === undefined) return { scene, answer: 'not-found' };
  const answer = refusalOf(family, order) ?? 'done';
  return { answer, scene: answer === 'done' ? changed(scene, family, order) : scene };
}

function refusalOf({ gib, backend, snapshots }: Family, order: RaceOrder): string | undefined {
  switch (order.do) {
    case 'extend':
      return order.gib > gib ? undefined : 'invalid-input';
    case 'revert':
      return snapshots.at(-1)?.name === order.snapshot ? undefined : 'has-dependents';
    case 'migrate':
      if (backend === order.backend) return 'invalid-input';
      return snapshots.length === 0 ? undefined : 'has-dependents';
    default:
      return undefined;
  }
}

function changed(scene: Scene, family: Family, order: RaceOrder): Scene {
  const after = new Map(scene);
  if (order.do === 'delete-volume') after.delete(order.volume);
  else if (order.do === 'clone') after.set(order.name, { ...family, snapshots: [] });
  else after.set(order.volume, changedFamily(family, order));
  return after;
}

function changedFamily(family: Family, order: Exclude<RaceOrder, { do: 'delete-volume' | 'clone' }>): Family {
  const { gib, cells, snapshots } = family;
  switch (order.do) {
    case 'extend':
      return { ...family, gib: order.gib };
    case 'create-snapshot':
      return { ...family, snapshots: [...snapshots, { name: order.name, gib, cells }] };
    case 'revert':
      return { ...family, cells: snapshots.at(-1)!.cells };
    case 'migrate':
      return { ...family, backend: order.backend };
  }
}
