import { GIB, messageOf } from '@scoria/core';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Seeded } from '../../support/seeded.js';
import { command } from './command-line.js';
import { writeConfiguration } from './configuration.js';
import { difference, differenceBetween, familyIn, tidy } from './findings.js';
import type { KillableManager, OrderEnd } from './killable-manager.js';
import { ManagerSupply } from './killable-manager.js';
import type { Look } from './orders.js';
import { KillTally } from './tally.js';
import type { OrderKind, Planned } from './world.js';
import { World } from './world.js';

const CLIENTS = 3;
const MOST_FAMILIES = 6;
/** Everything is read this often; what a kill may have touched is read after each. */
const READ_ALL_EVERY = 20;
/** A manager looks for the work of the dead every ten seconds. */
const TAKEOVER_MS = 30_000;

export const KINDS: readonly [OrderKind, ...OrderKind[]] = [
  'create-volume',
  'write',
  'create-snapshot',
  'clone',
  'from-snapshot',
  'extend',
  'revert',
  'migrate',
  'delete-snapshot',
  'delete-volume',
];

/**
 * Kills managers and commands that work on one state, and holds what they leave against what ought to be there: rest,
 * records, backends, quotas and every byte.
 */
export class KillRun implements AsyncDisposable {
  readonly tally = new KillTally();
  readonly #random: Seeded;
  readonly #world: World;
  readonly #supply = new ManagerSupply();
  /** What was killed and has not been looked at. */
  #interrupted: Planned[] = [];
  #checks = 0;

  private constructor(
    readonly directory: string,
    readonly seed: number,
  ) {
    this.#random = new Seeded(seed);
    this.#world = new World(this.#random);
  }

  static async open(seed: number): Promise<KillRun> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-kill-'));
    await writeConfiguration(directory);
    return new KillRun(directory, seed);
  }

  /** Kills each kind of operation at its first step, its second, and so on until it has no more. */
  async killAtEveryStep(kinds: readonly OrderKind[] = KINDS): Promise<void> {
    for (const forCommand of [false, true])
      for (const kind of kinds) for (let step = 1; await this.#killAt(kind, step, forCommand); step += 1);
  }

  /** Kills running managers and plain commands at random moments and steps. */
  async killAtRandom(kills: number): Promise<void> {
    const enough = this.tally.kills + kills;
    while (this.tally.kills < enough) {
      if (this.#random.below(3) > 0) await this.#killedCommand();
      if (this.#random.below(40) === 0) await this.#commandKilledBesideManager();
      await this.#killedManager();
    }
  }

  /** Looks at everything once more, deletes it, and requires that nothing is left of it. */
  async finish(): Promise<void> {
    const manager = await this.#checked(true);
    for (const name of [...this.#world.families.keys()]) {
      await manager.ask({ do: 'delete-volume', volume: name });
      this.#world.set(name, undefined);
    }
    await this.#check(manager, true);
    await manager.stop();
    const left = await this.#filesLeft();
    if (left.length > 0) this.#fail([`files are left: ${left.join(', ')}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supply[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** True where the operation had such a step. */
  async #killAt(kind: OrderKind, step: number, forCommand: boolean): Promise<boolean> {
    let manager = await this.#checked();
    const planned = await this.#prepared(manager, kind);
    if (forCommand) {
      await manager.stop();
      manager = await this.#supply.start({ directory: this.directory, forCommand });
    }
    const end = await manager.obey(planned.order, step);
    this.#note(planned, end);
    await manager.stop();
    if (end.end === 'killed') this.tally.killed(forCommand ? 'commands, each step' : 'managers, each step');
    return end.end === 'killed';
  }

  async #killedCommand(): Promise<void> {
    const planned = this.#plan();
    if (planned === undefined) return;
    if (this.#random.below(2) === 0) {
      const killAfterMs = 100 + this.#random.below(900);
      const end = await command(this.directory, planned.order, killAfterMs);
      this.#note(planned, end);
      if (end.end === 'killed') this.tally.killed('commands, at random');
    } else {
      const manager = await this.#supply.start({ directory: this.directory, forCommand: true });
      const end = await manager.obey(planned.order, 1 + this.#random.below(9));
      this.#note(planned, end);
      if (end.end === 'killed') this.tally.killed('commands, at a step');
      await manager.stop();
    }
  }

  /** The manager that runs has to deal with what the command leaves. */
  async #commandKilledBesideManager(): Promise<void> {
    const manager = await this.#checked();
    const planned = this.#plan();
    if (planned !== undefined) {
      const end = await command(this.directory, planned.order, 300 + this.#random.below(600));
      this.#note(planned, end);
      if (end.end === 'killed') this.tally.killed('commands beside a manager');
      await this.#untilRest(manager);
      await this.#check(manager);
    }
    await manager.stop();
  }

  async #untilRest(manager: KillableManager): Promise<void> {
    const end = performance.now() + TAKEOVER_MS;
    while ((await manager.look()).running.length > 0 && performance.now() < end) await sleep(200);
  }

  async #killedManager(): Promise<void> {
    const manager = await this.#checked();
    const isByStep = this.#random.below(2) === 0;
    const killAtStep = isByStep ? 1 + this.#random.below(40) : undefined;
    const killing = isByStep ? undefined : sleep(1 + this.#random.below(500)).then(() => manager.kill());
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, index) =>
        this.#client(manager, index === 0 ? killAtStep : undefined),
      ),
    );
    await killing;
    this.tally.killed(isByStep ? 'managers, at a step' : 'managers, at random');
  }

  async #client(manager: KillableManager, killAtStep: number | undefined): Promise<void> {
    let arm = killAtStep;
    while (!manager.isDead) {
      const planned = this.#plan();
      if (planned === undefined) {
        await sleep(1);
        continue;
      }
      for (const name of planned.touches) this.#busy.add(name);
      const end = await manager.obey(planned.order, arm);
      arm = undefined;
      this.#note(planned, end);
      for (const name of planned.touches) this.#busy.delete(name);
    }
  }

  readonly #busy = new Set<string>();

  /** Something to do with what is neither busy nor in doubt. */
  #plan(): Planned | undefined {
    const doubtful = new Set(this.#interrupted.flatMap(({ touches }) => touches));
    const isFree = (name: string): boolean => !this.#busy.has(name) && !doubtful.has(name);
    const isFull = this.#world.families.size + this.#busy.size >= MOST_FAMILIES;
    const kind = isFull && this.#random.below(2) === 0 ? 'delete-volume' : this.#random.pick(KINDS);
    const makesVolume = kind === 'create-volume' || kind === 'clone' || kind === 'from-snapshot';
    return isFull && makesVolume ? undefined : this.#world.plan(kind, isFree);
  }

  /** A plan of the kind, after what has to be there for it has been made. */
  async #prepared(manager: KillableManager, kind: OrderKind): Promise<Planned> {
    for (const filler of ['create-volume', 'write', 'create-snapshot', 'write'] as const) {
      const planned = this.#world.families.size > 0 ? this.#world.plan(kind) : undefined;
      if (planned !== undefined) return planned;
      await this.#do(manager, filler);
    }
    const planned = this.#world.plan(kind);
    if (planned === undefined) throw new Error(`${kind} cannot be prepared`);
    return planned;
  }

  async #do(manager: KillableManager, kind: OrderKind): Promise<void> {
    const planned = this.#world.plan(kind);
    if (planned === undefined) return;
    await manager.ask(planned.order);
    this.#world.apply(planned);
  }

  #note(planned: Planned, end: OrderEnd): void {
    if (end.end === 'failed')
      this.#fail([`${JSON.stringify(planned.order)} failed: ${end.code}: ${end.message}`]);
    if (end.end === 'done') this.#world.apply(planned);
    else this.#interrupted.push(planned);
    this.tally.ended(end.end === 'killed');
  }

  /** A manager that has found everything in order; now and then it is killed itself while it clears up. */
  async #checked(readsAll = false): Promise<KillableManager> {
    const { directory } = this;
    while (this.#interrupted.length > 0 && this.#random.below(4) === 0) {
      const killAtStep = 1 + this.#random.below(4);
      const killed = await this.#supply.start({ directory, forCommand: false, killAtStep });
      const isDead = killed.isDead;
      await killed.kill();
      if (!isDead) break;
      this.tally.killed('managers, in the recovery');
    }
    const manager = await this.#supply.start({ directory, forCommand: false });
    try {
      await this.#check(manager, readsAll);
    } catch (error) {
      await manager.kill();
      throw new Error(`${messageOf(error)}\nit said: ${manager.errors}`, { cause: error });
    }
    return manager;
  }

  async #check(manager: KillableManager, readsAll = false): Promise<void> {
    this.#checks += 1;
    const interrupted = this.#interrupted;
    this.#interrupted = [];
    const written = interrupted.filter(({ order }) => order.do === 'write').flatMap(({ touches }) => touches);
    const look = await tidy(manager, new Set(written));
    for (const planned of interrupted) await this.#settle(manager, look, planned);
    if (readsAll || this.#checks % READ_ALL_EVERY === 0) await this.#readAll(manager, look);
    this.#compareNames(look);
    this.#fail([
      ...(await manager.ask<string[]>({ do: 'audit' })),
      ...(await this.#quotaProblems(manager, look)),
    ]);
  }

  async #settle(manager: KillableManager, look: Look, { order, touches, after }: Planned): Promise<void> {
    for (const name of touches) {
      const found = await familyIn(manager, look, name);
      const before = this.#world.families.get(name);
      const next = after.has(name) ? after.get(name) : before;
      this.#fail(differenceBetween(name, { kind: order.do, before, after: next }, found));
      this.#world.set(name, found);
    }
  }

  async #readAll(manager: KillableManager, look: Look): Promise<void> {
    for (const [name, family] of this.#world.families)
      this.#fail(difference(name, family, await familyIn(manager, look, name)));
    this.tally.readAll(this.#world.families.size);
  }

  #compareNames(look: Look): void {
    const expected = [...this.#world.families].flatMap(([name, { snapshots }]) => [
      name,
      ...snapshots.map((point) => `${point.name} of ${name}`),
    ]);
    const found = [
      ...look.volumes.map(({ name }) => name),
      ...look.snapshots.map(({ name, volume }) => `${name} of ${volume}`),
    ];
    const missing = expected.filter((name) => !found.includes(name));
    const extra = found.filter((name) => !expected.includes(name));
    this.#fail([...missing.map((name) => `${name} is lost`), ...extra.map((name) => `${name} is too much`)]);
  }

  async #quotaProblems(manager: KillableManager, { volumes, snapshots }: Look): Promise<string[]> {
    const usages = await manager.ask<{ resource: string; inUse: number }[]>({ do: 'quota' });
    const gigabytes = [...volumes, ...snapshots].reduce((sum, { gib }) => sum + gib * GIB, 0);
    const expected: Record<string, number> = {
      volumes: volumes.length,
      snapshots: snapshots.length,
      gigabytes,
    };
    return usages
      .filter(({ resource, inUse }) => inUse !== expected[resource])
      .map(
        ({ resource, inUse }) => `quota ${resource} is ${String(inUse)}, not ${String(expected[resource])}`,
      );
  }

  /** All but the configuration and the database. */
  async #filesLeft(): Promise<string[]> {
    const entries = await readdir(this.directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !/^scoria\.(yaml|db)/.test(entry.name))
      .map((entry) => path.relative(this.directory, path.join(entry.parentPath, entry.name)));
  }

  /** @throws Error where there is a problem */
  #fail(problems: readonly string[]): void {
    if (problems.length === 0) return;
    throw new Error(`seed ${String(this.seed)}, after ${this.tally.describe()}:\n${problems.join('\n')}`);
  }
}
