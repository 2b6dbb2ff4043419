import type { VolumeRecord } from '@scoria/store';
import { BACKENDS } from '../kill/configuration.js';
import type { OrderEnd } from '../kill/killable-manager.js';
import { CALLER } from '../kill/orders.js';
import type { Family } from '../kill/world.js';
import type { Arena } from './arena.js';
import type { Pair, RaceOrder } from './contests.js';
import { orderOf } from './contests.js';
import type { History } from './histories.js';
import { historiesOf, sceneDifferences } from './histories.js';
import { RaceTally } from './race-tally.js';
import type { Racer } from './racer.js';

/** Volumes that are made ready, looked at and cleared away together; their races are run one by one. */
const AT_ONCE = 6;

/** Who has the first order, and who the second. */
export type Racers = readonly [Racer, Racer];

interface Prepared {
  readonly pair: Pair;
  readonly volume: VolumeRecord;
  readonly before: Family;
}

interface Run extends Prepared {
  readonly orders: readonly [RaceOrder, RaceOrder];
  readonly ends: readonly [OrderEnd, OrderEnd];
}

/**
 * For each pair, has its two orders carried out at the same moment on a new volume.
 * @returns the ways that the races went
 * @throws Error where one went in none of the ways it may, or left something wrong behind
 */
export async function race(
  arena: Arena,
  pairs: readonly Pair[],
  racersOf: (round: number) => Racers,
): Promise<RaceTally> {
  const tally = new RaceTally();
  for (let done = 0; done < pairs.length; done += AT_ONCE) {
    const prepared = await Promise.all(pairs.slice(done, done + AT_ONCE).map((pair) => prepare(arena, pair)));
    const runs: Run[] = [];
    for (const [index, one] of prepared.entries()) runs.push(await run(one, racersOf(done + index)));
    await arena.requireOrder();
    for (const way of await Promise.all(runs.map((one) => judge(arena, one)))) tally.note(way);
    await Promise.all(prepared.map(({ volume }) => arena.clear(volume.name)));
  }
  return tally;
}

async function prepare(arena: Arena, pair: Pair): Promise<Prepared> {
  const { name, family } = await arena.prepare(pair);
  const [volume] = await arena.records.listVolumes({ projectId: CALLER.projectId, name });
  return { pair, volume: volume!, before: family };
}

async function run(prepared: Prepared, [first, second]: Racers): Promise<Run> {
  const { pair, volume, before } = prepared;
  const target = BACKENDS.find((backend) => backend !== before.backend)!;
  const orders = [
    orderOf(pair[0], volume.name, target, 0),
    orderOf(pair[1], volume.name, target, 1),
  ] as const;
  const ends = await Promise.all([first.obey(orders[0]), second.obey(orders[1])]);
  return { ...prepared, orders, ends };
}

/** The way it went. @throws Error */
async function judge(arena: Arena, { volume, orders, before, ends }: Run): Promise<History['way']> {
  const found = await arena.sceneOf(volume.name);
  const answers = ends.map(answerOf);
  const possible = historiesOf(new Map([[volume.name, before]]), orders).filter((one) =>
    one.answers.every((answer, index) => answer === answers[index]),
  );
  const differences = possible.map(({ scene }) => sceneDifferences(scene, found));
  const right = possible[differences.findIndex((list) => list.length === 0)];
  const problems = right === undefined ? (differences[0] ?? ['this may not be']) : [];
  problems.push(...ends.flatMap((end) => messageProblems(end, volume.id)));
  if (right !== undefined && problems.length === 0) return right.way;
  throw new Error(`${describe(orders, ends)}\n${problems.join('\n')}`);
}

function answerOf(end: OrderEnd): string {
  return end.end === 'failed' ? end.code : end.end;
}

/** A conflict names the object, says what is done to it, and what to do about it. */
function messageProblems(end: OrderEnd, volumeId: string): string[] {
  if (end.end !== 'failed' || end.code !== 'conflict') return [];
  const { message } = end;
  const parts: [string, RegExp][] = [
    ['the object', new RegExp(`volume ${volumeId}|snapshot [0-9a-f-]{36}`)],
    ['what is done to it', /has held it since|is (now )?[a-z-]+ing|changed in this moment \(it (is|has) /],
    ['what to do', /wait |try again/],
  ];
  return parts
    .filter(([, pattern]) => !pattern.test(message))
    .map(([what]) => `the conflict does not tell ${what}: ${message}`);
}

function describe(orders: readonly RaceOrder[], ends: readonly OrderEnd[]): string {
  return orders.map((order, index) => `${JSON.stringify(order)}: ${JSON.stringify(ends[index])}`).join('\n');
}
