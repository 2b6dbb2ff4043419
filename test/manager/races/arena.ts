import { openRecords } from '@scoria/manager/records';
import type { Store } from '@scoria/store';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BACKENDS, configurationIn, writeConfiguration } from '../kill/configuration.js';
import { familyIn, requireRest } from '../kill/findings.js';
import { KillableManager } from '../kill/killable-manager.js';
import { CALLER } from '../kill/orders.js';
import type { Family } from '../kill/world.js';
import type { Pair } from './contests.js';
import { snapshotOf } from './contests.js';
import type { Scene } from './histories.js';

/** The first cells, one in the middle of the volume, and its very last. */
const CELLS = [0, 1, 2 ** 17, 2 ** 18 - 1];

/** One state directory with two managers at work on it, each in a process of its own. */
export class Arena implements AsyncDisposable {
  #volumes = 0;
  #seeds = 0;

  private constructor(
    readonly directory: string,
    readonly managers: readonly [KillableManager, KillableManager],
    readonly records: Store,
    /** Where each process that works has its lock. */
    readonly owners: string,
  ) {}

  static async open(): Promise<Arena> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-races-'));
    await writeConfiguration(directory);
    const managers = [new KillableManager(), new KillableManager()] as const;
    await Promise.all(managers.map((manager) => manager.begin({ directory, forCommand: false })));
    const configuration = await configurationIn(directory);
    const owners = path.join(configuration.statePath, 'owners');
    return new Arena(directory, managers, await openRecords(configuration), owners);
  }

  /** A new volume with bytes in it, and a snapshot of other bytes where the pair puts it back. */
  async prepare(pair: Pair): Promise<{ readonly name: string; readonly family: Family }> {
    const [manager] = this.managers;
    this.#volumes += 1;
    const name = `v${String(this.#volumes)}`;
    const backend = BACKENDS[this.#volumes % BACKENDS.length]!;
    await manager.ask({ do: 'create-volume', name, backend, gib: 1 });
    const cells = await this.#write(name);
    if (!pair.includes('revert')) return { name, family: { backend, gib: 1, cells, snapshots: [] } };
    const point = { name: snapshotOf(name), gib: 1, cells };
    await manager.ask({ do: 'create-snapshot', volume: name, name: point.name });
    return { name, family: { backend, gib: 1, cells: await this.#write(name), snapshots: [point] } };
  }

  /** All volumes of that name or made of the one that had it, with every byte that they and their snapshots hold. */
  async sceneOf(volume: string): Promise<Scene> {
    const [, manager] = this.managers;
    const look = await manager.look();
    const names = look.volumes.map(({ name }) => name).filter((name) => isOf(volume, name));
    const families = await Promise.all(names.map((name) => familyIn(manager, look, name)));
    return new Map(names.map((name, index) => [name, families[index]!]));
  }

  /** @throws Error where something still runs, is in a passing state, is miscounted, or is wrong on a backend */
  async requireOrder(): Promise<void> {
    const [one, two] = this.managers;
    requireRest(await one.look());
    const usage = await this.records.quotaUsage(CALLER.projectId);
    const rows = await this.records.countQuotaUsage(CALLER.projectId);
    const wrong = usage.filter(({ resource, inUse }) => inUse !== rows[resource]);
    const findings = await two.ask<string[]>({ do: 'audit' });
    const problems = [
      ...wrong.map(
        ({ resource, inUse }) => `quota ${resource} is ${String(inUse)}, not ${String(rows[resource])}`,
      ),
      ...findings,
    ];
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Deletes what is left of a volume and its copies. */
  async clear(volume: string): Promise<void> {
    const [manager] = this.managers;
    const { volumes } = await manager.look();
    const names = volumes.map(({ name }) => name).filter((name) => isOf(volume, name));
    await Promise.all(names.map((name) => manager.ask({ do: 'delete-volume', volume: name })));
  }

  /** What both backends hold. */
  async files(): Promise<string[]> {
    const directories = BACKENDS.map((backend) => path.join(this.directory, `volumes-${backend}`));
    const entries = await Promise.all(
      directories.map((directory) => readdir(directory, { recursive: true, withFileTypes: true })),
    );
    return entries
      .flat()
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.stop()));
    await this.records.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #write(volume: string): Promise<ReadonlyMap<number, number>> {
    const cells = CELLS.map((cell): [number, number] => [cell, ++this.#seeds]);
    await this.managers[0].ask({ do: 'write', volume, cells });
    return new Map(cells);
  }
}

function isOf(volume: string, name: string): boolean {
  return name === volume || name.startsWith(`${volume}-`);
}
