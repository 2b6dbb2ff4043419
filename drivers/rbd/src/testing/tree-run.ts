import type { Snapshot, Volume } from '@scoria/core';
import { KIB } from '@scoria/core';
import { makeSnapshot, makeVolume, patternBytes } from '@scoria/testkit';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOURNAL_OBJECT } from '../journal/journal.js';
import { snapshotName, volumeImage } from '../names.js';
import type { Foreign } from './tree-check.js';
import { assertPoolFits } from './tree-check.js';
import type { Deed, KnownSnapshot, KnownVolume } from './tree-deeds.js';
import { deletingSnapshot, describe, extending, resized, reverting } from './tree-deeds.js';
import type { TreeStep } from './tree-step.js';
import type { Death, TreeCall, TreeOutcome, TreeProcess, TreeWorld } from './tree-world.js';

const VOLUME_BYTES = 8 * KIB;
/** Each of which takes as long as the driver itself waits for a watcher. */
const MOST_TRIES = 5;
/** The pause before each is longer than the one before: some seconds in all. */
const UNREAD_TRIES = 80;
const MOST_VOLUMES = 12;
const MOST_SNAPSHOTS = 3;
const MOST_POLLS = 400;
const MOST_LOOKS = 100;
const LOOK_MS = 300;

/** A random sequence on a pool, beside records of what there has to be, as a manager keeps them. */
export class TreeRun {
  /** What was done, a line for each. */
  readonly history: string[] = [];
  #volumes: KnownVolume[] = [];
  #process: TreeProcess | undefined;
  #names = 0;

  constructor(
    private readonly world: TreeWorld,
    private readonly foreign: Foreign,
  ) {}

  async run(steps: readonly TreeStep[]): Promise<void> {
    const objects = await this.world.objectsOfImages?.();
    await this.#restart(undefined);
    for (const step of steps) await this.#step(step);
    await this.#settle();
    await this.#check();
    await this.#deleteAll();
    await this.#settle();
    await this.#check();
    await this.#process?.end();
    assert.deepEqual(
      this.#volumes.map(({ volume }) => volume.name),
      [],
      'what could not be deleted',
    );
    assert.deepEqual(await this.#objectsBut(objects), [], 'what images have left');
  }

  /** What of images there is besides; the cluster itself takes a while to let go of what snapshots had. */
  async #objectsBut(known: readonly string[] = []): Promise<string[]> {
    for (let poll = 1; ; poll += 1) {
      const objects = (await this.world.objectsOfImages?.()) ?? [];
      const others = objects.filter((object) => !known.includes(object));
      if (others.length === 0 || poll === MOST_LOOKS) return others;
      await sleep(LOOK_MS);
    }
  }

  async #step(step: TreeStep): Promise<void> {
    const { kind } = step;
    if (kind === 'restart') {
      await this.#process?.end();
      await this.#restart(step.deathAtStart);
      return;
    }
    if (kind === 'format') {
      this.history.push(`clones are of format ${1 + (step.pick % 2)}`);
      await this.world.useFormat(step.pick % 2 === 0 ? 1 : 2);
      return;
    }
    const deed = await this.#deed(step);
    if (deed !== undefined) await this.#do(deed, step);
  }

  async #deed(step: TreeStep): Promise<Deed | undefined> {
    const known = this.#volumes[step.pick % Math.max(1, this.#volumes.length)];
    if (known === undefined || step.kind === 'create') return this.#creating();
    return this.#onVolume(step, known) ?? this.#onSnapshot(step, known);
  }

  #onVolume(step: TreeStep, known: KnownVolume): Promise<undefined> | Deed | undefined {
    switch (step.kind) {
      case 'write':
        return this.#write(known, step);
      case 'snapshot':
        return this.#snapshotting(known);
      case 'clone':
        return this.#cloning(known, step);
      case 'clone-the-newest':
        return this.#cloning(this.#volumes.at(-1) ?? known, step);
      case 'extend':
        return extending(known);
      case 'delete-volume':
        return this.#deleting(known);
      default:
        return undefined;
    }
  }

  #onSnapshot(step: TreeStep, known: KnownVolume): Deed | undefined {
    const snapshot = known.snapshots[step.other % Math.max(1, known.snapshots.length)];
    if (snapshot === undefined) return undefined;
    if (step.kind === 'from-snapshot') return this.#fromSnapshot(snapshot, step);
    if (step.kind === 'delete-snapshot') return deletingSnapshot(known, snapshot);
    return step.kind === 'revert' ? reverting(known) : undefined;
  }

  async #do(deed: Deed, { death, deathAtStart }: TreeStep): Promise<void> {
    this.history.push(
      `${describe(deed.call)}${death === undefined ? '' : `, dies at ${death.at} ${death.when}`}`,
    );
    const outcome = await this.#run(deed.call, death);
    if (outcome.kind === 'done') {
      deed.done();
      return;
    }
    if (outcome.kind === 'refused') {
      await this.#requireRefusal(deed, outcome);
      return;
    }
    await this.#restart(deathAtStart);
    const next = await this.#untilUnwatched(deed.undo ?? deed.call, deed.refusals);
    this.history.push(`  died; then ${describe(deed.undo ?? deed.call)}: ${next.kind}`);
    if (next.kind === 'refused') await this.#requireRefusal(deed, next);
    else if (deed.undo === undefined) deed.done();
  }

  /** Ceph takes a while to see that the watch of a dead process is over: its image is busy until then. */
  async #untilUnwatched(call: TreeCall, refusals: readonly string[] = []): Promise<TreeOutcome> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#untilAlive(call);
      const isBusy = outcome.kind === 'refused' && outcome.code === 'volume-busy';
      if (!isBusy || refusals.includes(outcome.code) || tries === MOST_TRIES) return outcome;
    }
  }

  /** What was to die at its start may do so in the background only now. */
  async #untilAlive(call: TreeCall): Promise<TreeOutcome> {
    for (;;) {
      const outcome = await this.#run(call, undefined);
      if (outcome.kind !== 'died') return outcome;
      await this.#restart(undefined);
    }
  }

  async #run(call: TreeCall, death: Death | undefined): Promise<TreeOutcome> {
    assert.ok(this.#process, 'a process is running');
    return this.#process.run(call, death);
  }

  async #requireRefusal(
    { call, done, refusals = [] }: Deed,
    outcome: Extract<TreeOutcome, { kind: 'refused' }>,
  ): Promise<void> {
    this.history.push(`  refused: ${outcome.message}`);
    assert.ok(
      refusals.includes(outcome.code),
      `${describe(call)} is refused: ${outcome.code} ${outcome.message}`,
    );
    if (call.method !== 'deleteSnapshot' || (await this.#hasChildren(call.snapshot))) return;
    const next = await this.#untilUnread(call);
    this.history.push(`  again, until nobody reads from it: ${next.kind}`);
    assert.equal(next.kind, 'done', `${snapshotName(call.snapshot.id)} is busy, and nothing depends on it`);
    done();
  }

  /** A copy of a clone of what was made independent of the snapshot may read from it still. */
  async #untilUnread(call: TreeCall): Promise<TreeOutcome> {
    for (let tries = 1; ; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2 * tries));
      const outcome = await this.#untilAlive(call);
      if (outcome.kind === 'done' || tries === UNREAD_TRIES) return outcome;
    }
  }

  async #hasChildren({ id, volume }: Snapshot): Promise<boolean> {
    await using image = await this.world.pool.openImage(volumeImage(volume.id), { readOnly: true });
    const found = (await image.snapshots()).find(({ name }) => name === snapshotName(id));
    const children = found === undefined ? [] : await image.children(found.id);
    return children.length > 0;
  }

  async #restart(death: Death | undefined): Promise<void> {
    await this.#process?.end();
    this.#process = await this.world.start(death);
    this.#process ??= await this.world.start();
    assert.ok(this.#process, 'a process that nobody kills starts');
  }

  #name(): string {
    this.#names += 1;
    return `V${this.#names}`;
  }

  #creating(): Deed | undefined {
    if (this.#volumes.length >= MOST_VOLUMES) return undefined;
    const volume = makeVolume({ name: this.#name(), sizeBytes: VOLUME_BYTES });
    return this.#making({ method: 'createVolume', volume }, volume, Buffer.alloc(VOLUME_BYTES));
  }

  #making(call: TreeCall, volume: Volume, bytes: Buffer): Deed {
    const done = (): void => {
      this.#volumes.push({ volume: { ...volume, status: 'available' }, bytes, snapshots: [] });
    };
    return { call, done, undo: { method: 'deleteVolume', volume } };
  }

  async #write({ volume, bytes }: KnownVolume, { pick, other }: TreeStep): Promise<undefined> {
    const length = Math.min(512, bytes.length);
    const offset = (other * 512) % (bytes.length - length + 1);
    const data = patternBytes(pick, length);
    await using image = await this.world.pool.openImage(volumeImage(volume.id));
    await image.write(offset, data);
    data.copy(bytes, offset);
    this.history.push(`write ${volume.name} at ${offset}`);
    return undefined;
  }

  #snapshotting(known: KnownVolume): Deed | undefined {
    if (known.snapshots.length >= MOST_SNAPSHOTS) return undefined;
    const snapshot = makeSnapshot(known.volume, { name: `${known.volume.name}@${known.snapshots.length}` });
    const done = (): void => {
      known.snapshots.push({ snapshot, bytes: Buffer.from(known.bytes) });
    };
    return {
      call: { method: 'createSnapshot', snapshot },
      done,
      undo: { method: 'deleteSnapshot', snapshot },
    };
  }

  #cloning({ volume: source, bytes }: KnownVolume, { other }: TreeStep): Deed | undefined {
    if (this.#volumes.length >= MOST_VOLUMES) return undefined;
    const sizeBytes = bytes.length + (other % 3 === 0 ? 512 : 0);
    const volume = makeVolume({ name: this.#name(), sizeBytes });
    return this.#making({ method: 'createClonedVolume', volume, source }, volume, resized(bytes, sizeBytes));
  }

  #fromSnapshot({ snapshot, bytes }: KnownSnapshot, { other }: TreeStep): Deed | undefined {
    if (this.#volumes.length >= MOST_VOLUMES) return undefined;
    const sizeBytes = bytes.length + (other % 3 === 0 ? 512 : 0);
    const volume = makeVolume({ name: this.#name(), sizeBytes });
    const call = { method: 'createVolumeFromSnapshot', volume, snapshot } as const;
    return this.#making(call, volume, resized(bytes, sizeBytes));
  }

  #deleting(known: KnownVolume): Deed {
    const done = (): void => {
      assert.deepEqual(known.snapshots, [], `${known.volume.name} was deleted, which has snapshots`);
      this.#volumes = this.#volumes.filter((each) => each !== known);
    };
    const refusals = known.snapshots.length > 0 ? ['volume-busy'] : [];
    return { call: { method: 'deleteVolume', volume: known.volume }, done, refusals };
  }

  /** Until nothing is left to be done; what waits for others is looked at again at each start. */
  async #settle(): Promise<void> {
    // What is deferred goes level by level.
    for (let round = 0; round < MOST_VOLUMES + 2; round += 1) {
      await this.#restart(undefined);
      if (await this.#isIdle()) return;
    }
  }

  async #isIdle(): Promise<boolean> {
    for (let poll = 0; poll < MOST_POLLS; poll += 1) {
      const entries = [...(await this.world.pool.keys(JOURNAL_OBJECT)).values()].map(String);
      if (entries.length === 0) return true;
      if (!entries.some((entry) => entry.includes('"flatten"'))) return false;
      await sleep(poll < 20 ? 0 : 10);
    }
    return false;
  }

  async #check(): Promise<void> {
    const ids = this.#volumes.map(({ volume, snapshots }): [string, string[]] => [
      volume.id,
      snapshots.map(({ snapshot }) => snapshot.id),
    ]);
    await assertPoolFits(this.world.pool, new Map(ids), this.foreign);
    for (const { volume, bytes, snapshots } of this.#volumes) {
      await this.#requireBytes(volume, bytes, undefined);
      for (const each of snapshots) await this.#requireBytes(volume, each.bytes, each.snapshot);
    }
  }

  async #requireBytes(volume: Volume, expected: Buffer, snapshot: Snapshot | undefined): Promise<void> {
    const name = volumeImage(volume.id);
    const of = snapshot === undefined ? { readOnly: true } : { snapshot: snapshotName(snapshot.id) };
    await using image = await this.world.pool.openImage(name, of);
    const { sizeBytes } = await image.info();
    const what = snapshot?.name ?? volume.name;
    assert.equal(sizeBytes, expected.length, `the size of ${what}`);
    const actual = await image.read(0, sizeBytes);
    const at = actual.findIndex((byte, index) => byte !== expected[index]);
    assert.equal(at, -1, `${what} differs from byte ${at} on`);
  }

  async #deleteAll(): Promise<void> {
    this.history.push('delete everything');
    for (let left = -1; this.#count() > 0 && this.#count() !== left;) {
      left = this.#count();
      // What is in the trash holds what it came from.
      await this.#settle();
      for (const known of [...this.#volumes].reverse()) {
        for (const each of [...known.snapshots].reverse()) {
          await this.#do(deletingSnapshot(known, each), NO_DEATH);
        }
        await this.#do(this.#deleting(known), NO_DEATH);
      }
    }
  }

  #count(): number {
    return this.#volumes.reduce((sum, { snapshots }) => sum + 1 + snapshots.length, 0);
  }
}

const NO_DEATH = {
  kind: 'delete-volume',
  pick: 0,
  other: 0,
  death: undefined,
  deathAtStart: undefined,
} as const satisfies TreeStep;
